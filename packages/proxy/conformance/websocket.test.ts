import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { type Hop, startHop } from './hop.ts';

const manager = { upgradeConfigs: [{ upgradeType: 'websocket' }], http2ProtocolOptions: { allowConnect: true } };

describe('WebSockets pass', () => {
  let server: WebSocketServer;
  let inner: Hop;
  let outer: Hop;

  before(async () => {
    const handleProtocols = (offered: Set<string>): string | false => (offered.has('chat') ? 'chat' : false);
    server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols, maxPayload: 64 * 1024 * 1024 });
    await once(server, 'listening');
    server.on('connection', (socket, request) => {
      socket.on('message', (data, isBinary) => {
        if (String(data) === 'close me') socket.close(4001, 'as asked');
        else if (String(data) === 'path') socket.send(request.url ?? '');
        else socket.send(data, { binary: isBinary });
      });
    });
    inner = await startHop((server.address() as AddressInfo).port, { manager });
    // The outer hop speaks HTTP/2 to the inner one: an upgrade becomes an extended CONNECT and one again (RFC 8441).
    outer = await startHop(inner.port, { manager, http2: true });
  });

  after(async () => {
    server.close();
    for (const client of server.clients) client.terminate();
    await outer.proxy.stop();
    await inner.proxy.stop();
  });

  for (const [name, port] of [
    ['over HTTP/1.1', () => inner.port],
    ['through two proxies with HTTP/2 between', () => outer.port],
  ] as const) {
    test(`${name}: text, bytes, large and empty messages, pings, the subprotocol and the path`, async () => {
      const client = new WebSocket(`ws://127.0.0.1:${port()}/chat?room=1`, ['other', 'chat'], { maxPayload: 64 * 1024 * 1024 });
      await once(client, 'open');
      assert.equal(client.protocol, 'chat');
      const echo = async (data: string | Buffer): Promise<Buffer> => {
        client.send(data);
        const [answer] = (await once(client, 'message')) as [Buffer];
        return answer;
      };
      assert.equal(String(await echo('path')), '/chat?room=1');
      assert.equal(String(await echo('grüße')), 'grüße');
      assert.equal((await echo('')).length, 0);
      const large = Buffer.alloc(8 * 1024 * 1024, 'weft');
      assert.ok((await echo(large)).equals(large));
      client.ping('alive');
      const [pong] = (await once(client, 'pong')) as [Buffer];
      assert.equal(String(pong), 'alive');
      client.close(1000);
      await once(client, 'close');
    });

    test(`${name}: the server's close code and the client's`, async () => {
      const asked = new WebSocket(`ws://127.0.0.1:${port()}/`);
      await once(asked, 'open');
      asked.send('close me');
      const [code, reason] = (await once(asked, 'close')) as [number, Buffer];
      assert.deepEqual([code, String(reason)], [4001, 'as asked']);

      const leaving = new WebSocket(`ws://127.0.0.1:${port()}/`);
      await once(leaving, 'open');
      const [atServer] = [...server.clients].filter((client) => client.readyState === WebSocket.OPEN);
      assert.ok(atServer);
      leaving.close(4002, 'enough');
      const [seen] = (await once(atServer, 'close')) as [number];
      assert.equal(seen, 4002);
    });

    test(`${name}: a client that vanishes ends the server's side`, async () => {
      const client = new WebSocket(`ws://127.0.0.1:${port()}/`);
      await once(client, 'open');
      const [atServer] = [...server.clients].filter((each) => each.readyState === WebSocket.OPEN);
      assert.ok(atServer);
      client.terminate();
      await once(atServer, 'close');
    });
  }

  test('an HTTP/2 client opens one by extended CONNECT', async () => {
    const session = http2.connect(`http://127.0.0.1:${inner.port}`);
    await once(session, 'remoteSettings');
    const stream = session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/',
      ':scheme': 'http',
      ':authority': 'a',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    });
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    assert.equal(headers[':status'], 200);
    // A masked text frame `hi` with a mask of zeros.
    stream.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
    const [answer] = (await once(stream, 'data')) as [Buffer];
    assert.deepEqual([...answer], [0x81, 2, 0x68, 0x69]);
    stream.close();
    session.close();
  });
});
