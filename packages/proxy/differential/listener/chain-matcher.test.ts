import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { findEnvoy } from '../envoy.ts';
import { type Pair, startPair } from '../pair.ts';
import { chainMatchers } from './chain-matchers.ts';

const envoy = findEnvoy();
const skip = envoy === null && 'no Envoy at hand';
const type = (name: string) => `type.googleapis.com/${name}`;

/** A chain that says who it is in the header `server`, whatever it is sent. */
const chain = (name: string): object => ({
  name,
  filters: [
    {
      name: 'http',
      typedConfig: {
        '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
        statPrefix: name,
        serverName: name,
        delayedCloseTimeout: '0.1s',
        routeConfig: {
          virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, directResponse: { status: 200 } }] }],
        },
        httpFilters: [{ name: 'router', typedConfig: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } }],
      },
    },
  ],
});

const listener = (port: number, name: string): object => ({
  name,
  address: { socketAddress: { address: '127.0.0.1', portValue: port } },
  listenerFilters: [
    { name: 'pp', typedConfig: { '@type': type('envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol') } },
    { name: 'tls', typedConfig: { '@type': type('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector') } },
  ],
  filterChainMatcher: chainMatchers[name],
  filterChains: ['a', 'b', 'c'].map(chain),
  defaultFilterChain: chain('rest'),
});

/** What a client sends first when it wants TLS. */
function clientHello(servername: string, ALPNProtocols: string[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = new Duplex({
      read() {},
      write(bytes: Buffer, _encoding, done) {
        resolve(Buffer.from(bytes));
        done();
      },
    });
    connectTls({ socket, servername, ALPNProtocols, rejectUnauthorized: false }).on('error', () => {});
  });
}

const request = Buffer.from('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
/** Where connections come from and go to, as PROXY protocol tells it. */
const ends = [
  'TCP4 10.1.2.3 192.0.2.7 12345 443',
  'TCP4 10.9.9.9 192.0.2.8 123 80',
  'TCP4 172.16.0.1 192.0.2.7 1 444',
  'TCP4 127.0.0.1 192.0.2.7 9999 8080',
  'TCP6 2001:db8::1 2001:db8::2 12399 443',
];

/** The chain that takes a connection; `none` where it is closed without a word. */
function chosen(port: number, told: string, first: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`PROXY ${told}\r\n`);
      socket.write(first);
    });
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(/^server: (.*)\r$/m.exec(text)?.[1] ?? (text === '' ? 'none' : text)));
  });
}

describe('a filter chain matcher chooses the chain that Envoy chooses', { skip }, () => {
  const names = Object.keys(chainMatchers);
  let pair: Pair;
  const firsts: (readonly [name: string, bytes: Buffer])[] = [['plain text', request]];

  before(async () => {
    pair = await startPair(envoy ?? '', names.length, (ports) => ports.map((port, index) => listener(port, names[index] ?? '')));
    firsts.push(['TLS for a.test', await clientHello('a.test', ['h2', 'http/1.1'])]);
    firsts.push(['TLS for xx.example', await clientHello('xx.example', ['istio-peer-exchange', 'istio'])]);
    firsts.push(['TLS for nobody.example', await clientHello('nobody.example', ['other'])]);
  });

  after(() => pair.stop());

  for (const [index, name] of names.entries()) {
    test(name, async () => {
      const tries = ends.flatMap((told) => firsts.map(([what, first]) => ({ told, what, first })));
      const [theirs = [], ours = []] = await Promise.all(
        [pair.envoy, pair.weft].map((ports) =>
          Promise.all(tries.map(async ({ told, what, first }) => `${what} over ${told}: ${await chosen(ports[index] ?? 0, told, first)}`)),
        ),
      );
      assert.deepEqual(ours, theirs);
    });
  }
});
