import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, createServer as createWebServer, get, type OutgoingHttpHeaders } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { clientPreface, flag, frame, setting } from '../src/http/h2-frames.ts';
import { HpackDecoder } from '../src/http/hpack-decoder.ts';
import { startProxy } from '../src/proxy.ts';
import type { Bootstrap } from '../src/xds/bootstrap.ts';
import { findEnvoy, type Running, startEnvoy } from './envoy.ts';
import { freePorts } from './free-ports.ts';
import { h2Frame, h2Headers } from './h2-client.ts';
import { type H2OptionPorts, h2OptionBootstrap, h2OptionListeners } from './h2-option-setups.ts';
import { H2Peer, h2Settings } from './h2-peer.ts';

const envoy = findEnvoy();
const skip = envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false;
const request = (path: string): readonly string[] => [':method', 'GET', ':scheme', 'http', ':path', path, ':authority', 'a.test'];
const mebibyte = 1024 * 1024;

/** One proxy with applications of its own. */
interface Side {
  readonly ports: H2OptionPorts;
  readonly proxy: Running;
  readonly servers: readonly Server[];
  /** Connections to the application that never answers PING. */
  readonly deaf: H2Peer[];
}

async function startSide(start: (ports: H2OptionPorts) => Promise<Running>): Promise<Side> {
  const deaf: H2Peer[] = [];
  const web = createWebServer((message, response) => {
    response.end(Buffer.alloc(Number(message.url?.slice(1) ?? 0), 'x'));
  });
  const h2 = createServer((socket) => {
    deaf.push(new H2Peer(socket, clientPreface.length));
    socket.write(h2Settings());
  });
  const servers = [web, h2];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const [admin = 0, ...free] = await freePorts(h2OptionListeners.length + 1);
  const ports: H2OptionPorts = {
    admin,
    listeners: Object.fromEntries(h2OptionListeners.map((name, i) => [name, free[i] ?? 0])),
    web: (web.address() as AddressInfo).port,
    deaf: (h2.address() as AddressInfo).port,
  };
  return { ports, servers, deaf, proxy: await start(ports) };
}

const ask = ({ ports }: Side, listener: string, headers: OutgoingHttpHeaders = {}): ClientRequest =>
  get({ port: ports.listeners[listener] ?? 0, host: '127.0.0.1', headers });

/** The connection that a request through this listener opens, once the request is there; it is closed then. */
async function upstreamOf(side: Side, listener: string, headers: OutgoingHttpHeaders = {}): Promise<H2Peer> {
  const from = side.deaf.length;
  const asked = ask(side, listener, headers);
  asked.on('error', () => {});
  const deadline = performance.now() + 5000;
  while (side.deaf.length === from && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  const peer = side.deaf[from];
  assert.ok(peer);
  await peer.until(() => peer.of(frame.headers).length > 0);
  peer.close();
  asked.destroy();
  return peer;
}

/** Opens a connection with these settings. */
function open({ ports }: Side, listener: string, ...settings: readonly number[]): H2Peer {
  const socket = connect(ports.listeners[listener] ?? 0, '127.0.0.1');
  const peer = new H2Peer(socket, 0);
  peer.send(clientPreface, h2Settings(...settings));
  return peer;
}

describe('Weft and Envoy mean the same by the options of HTTP/2', { skip }, () => {
  const sides: Side[] = [];

  before(async () => {
    sides.push(await startSide(async (ports) => startEnvoy(envoy ?? '', h2OptionBootstrap(ports), ports.admin)));
    sides.push(await startSide(async (ports) => startProxy({ bootstrap: h2OptionBootstrap(ports) as Bootstrap, drainTimeMs: 0 })));
  });

  after(async () => {
    for (const { proxy, servers, deaf } of sides) {
      for (const peer of deaf) peer.close();
      for (const server of servers) server.close();
      await proxy.stop();
    }
  });

  /** Both sides must show the same; answers what they show. */
  async function same<T>(observe: (side: Side) => Promise<T>): Promise<T> {
    const [theirs, ours] = await Promise.all(sides.map(observe));
    assert.deepEqual(ours, theirs);
    return ours as T;
  }

  for (const listener of ['plain', 'tuned', 'metadata']) {
    test(`a server announces its limits to clients (${listener})`, async () => {
      await same(async (side) => {
        const peer = open(side, listener);
        await peer.until(() => peer.of(frame.windowUpdate).length > 0);
        peer.close();
        return peer.announced;
      });
    });
  }

  for (const listener of ['h2plain', 'h2tuned']) {
    test(`a client announces its limits to servers (${listener})`, async () => {
      await same(async (side) => (await upstreamOf(side, listener)).announced);
    });
  }

  test("the scheme is the upstream connection's where it is to match it", async () => {
    const scheme = await same(async (side) => {
      const peer = await upstreamOf(side, 'matching', { 'x-forwarded-proto': 'https' });
      const block = peer.of(frame.headers)[0]?.payload ?? Buffer.alloc(0);
      const fields = new HpackDecoder().decode(block, 0, block.length, 65_536) ?? [];
      return fields[fields.indexOf(':scheme') + 1];
    });
    assert.equal(scheme, 'http');
  });

  test('a client that does not answer PING is cut off', async () => {
    const seen = await same(async (side) => {
      const peer = open(side, 'kept');
      await peer.until(() => peer.isClosed);
      return { pings: peer.of(frame.ping).length, isClosed: peer.isClosed };
    });
    assert.deepEqual(seen, { pings: 1, isClosed: true });
  });

  test('a client that answers PING is asked again', async () => {
    await same(async (side) => {
      const socket = connect(side.ports.listeners.kept ?? 0, '127.0.0.1');
      const peer = new H2Peer(socket, 0, (self, { type, flags, payload }) => {
        if (type === frame.ping && (flags & flag.ack) === 0) self.send(h2Frame(frame.ping, flag.ack, 0, payload));
      });
      peer.send(clientPreface, h2Settings());
      const isAsked = await peer.until(() => peer.of(frame.ping).length >= 3);
      const { isClosed } = peer;
      peer.close();
      return { isAsked, isClosed };
    });
  });

  test('a server that does not answer PING is given up', async () => {
    const status = await same(async (side) => {
      const asked = ask(side, 'h2kept');
      const [response] = await once(asked, 'response');
      response.resume();
      return response.statusCode;
    });
    assert.equal(status, 503);
  });

  test('METADATA is let pass, allowed or not', async () => {
    for (const listener of ['plain', 'metadata']) {
      const status = await same(async (side) => {
        const peer = open(side, listener);
        const metadata = h2Frame(0x4d, flag.endHeaders, 1, Buffer.from([0, 1, 0x61, 1, 0x62]));
        const data = h2Frame(frame.data, flag.endStream, 1);
        peer.send(h2Headers(1, [...request('/1').with(1, 'POST')], false), metadata, data);
        await peer.until(() => peer.isClosed || peer.of(frame.data).some(({ flags }) => (flags & flag.endStream) !== 0));
        peer.close();
        return peer.of(frame.headers).length;
      });
      assert.equal(status, 1);
    }
  });

  for (const [listener, bytes] of [
    ['flush', 100],
    ['idle', 100],
    ['idle', 40 * mebibyte],
  ] as const) {
    test(`a response of ${bytes} bytes to a client that never opens its window ends (${listener})`, async () => {
      const resets = await same(async (side) => {
        const peer = open(side, listener, setting.initialWindowSize, 0);
        peer.send(h2Headers(1, request(`/${bytes}`), true));
        await peer.until(() => peer.isClosed || peer.of(frame.rstStream).length > 0);
        peer.close();
        return { heads: peer.of(frame.headers).length, resets: peer.of(frame.rstStream).map(({ payload }) => payload.readUInt32BE(0)) };
      });
      assert.equal(resets.resets.length, 1);
    });
  }
});
