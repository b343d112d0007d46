import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { findEnvoy } from './envoy.ts';
import { type Pair, startPair, tellingListener } from './pair.ts';

const envoy = findEnvoy();
const skip = envoy === null && 'no Envoy at hand';
const request = 'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n';
const signature = '\r\n\r\n\0\r\nQUIT\n';

/** Options of the listener filter, one listener each. */
const filters: readonly object[] = [
  {},
  { allowRequestsWithoutProxyProtocol: true },
  { disallowedVersions: ['V1'] },
  { disallowedVersions: ['V2'] },
  { passThroughTlvs: { matchType: 'INCLUDE_ALL' } },
];

/** A header of version 2: command, family and protocol, and what follows. */
function binary(command: number, family: number, rest: readonly number[]): string {
  const bytes = [0x20 | command, family, rest.length >> 8, rest.length & 255, ...rest];
  return signature + Buffer.from(bytes).toString('latin1');
}

const four = [10, 1, 2, 3, 192, 0, 2, 7, 0x30, 0x39, 0x01, 0xbb];
const sixth = (last: number): number[] => [0x20, 0x01, 0x0d, 0xb8, ...new Array<number>(11).fill(0), last];
const six = [...sixth(1), ...sixth(2), 0x30, 0x39, 0x01, 0xbb];

/** What connections begin with; pieces are sent one after the other. */
const beginnings: readonly (readonly [name: string, ...pieces: string[]])[] = [
  ['none', ''],
  ['version 1, TCP4', 'PROXY TCP4 10.1.2.3 192.0.2.7 12345 443\r\n'],
  ['version 1, TCP6', 'PROXY TCP6 2001:db8::1 2001:db8::2 12345 443\r\n'],
  ['version 1, unknown', 'PROXY UNKNOWN\r\n'],
  ['version 1, unknown with addresses', 'PROXY UNKNOWN 10.1.2.3 192.0.2.7 12345 443\r\n'],
  ['version 1 in pieces', 'PRO', 'XY TCP4 10.1.2.3 192.', '0.2.7 12345 443\r', '\n'],
  ['version 1, a broken address', 'PROXY TCP4 10.1.2.300 192.0.2.7 12345 443\r\n'],
  ['version 1, a broken port', 'PROXY TCP4 10.1.2.3 192.0.2.7 123456 443\r\n'],
  ['version 1, families mixed up', 'PROXY TCP4 2001:db8::1 2001:db8::2 12345 443\r\n'],
  ['version 1, another protocol', 'PROXY UDP4 10.1.2.3 192.0.2.7 12345 443\r\n'],
  ['version 1, too few words', 'PROXY TCP4 10.1.2.3\r\n'],
  ['version 1, too long', `PROXY TCP4 ${'1'.repeat(120)}\r\n`],
  ['version 2, TCP4', binary(1, 0x11, four)],
  ['version 2, TCP6', binary(1, 0x21, six)],
  ['version 2 in pieces', binary(1, 0x11, four).slice(0, 5), binary(1, 0x11, four).slice(5, 20), binary(1, 0x11, four).slice(20)],
  ['version 2, local', binary(0, 0x00, [])],
  ['version 2, local with addresses', binary(0, 0x11, four)],
  ['version 2, unspecified', binary(1, 0x00, [])],
  ['version 2, UDP4', binary(1, 0x12, four)],
  ['version 2, a Unix socket', binary(1, 0x31, new Array<number>(216).fill(0))],
  ['version 2 with more', binary(1, 0x11, [...four, 0xe0, 0, 2, 0x61, 0x62])],
  ['version 2, too short', binary(1, 0x11, four.slice(0, 8))],
  ['version 2, an unknown command', binary(2, 0x11, four)],
  ['both versions', binary(1, 0x11, four), 'PROXY TCP4 10.9.9.9 192.0.2.7 12345 443\r\n'],
];

/** What the proxy takes for the connection's ends; `turned away` without an answer. */
async function seen(port: number, pieces: readonly string[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let told = '';
  socket.on('data', (bytes: Buffer) => {
    told += bytes.toString('latin1');
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  for (const piece of pieces.slice(0, -1)) {
    await new Promise<unknown>((resolve) => socket.write(piece, 'latin1', resolve));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  socket.write(`${pieces.at(-1) ?? ''}${request}`, 'latin1');
  await closed;
  return /^x-ends: (.*)\r$/m.exec(told)?.[1]?.replace(String(port), 'PORT') ?? (told.split('\r\n')[0] || 'turned away');
}

let both: Pair;

before(async () => {
  if (envoy === null) return;
  const tells = {
    'x-ends': '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%',
  };
  const filterOf = (options: object): object => ({
    name: 'envoy.filters.listener.proxy_protocol',
    typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol', ...options },
  });
  both = await startPair(envoy, filters.length, (ports) =>
    filters.map((options, i) => {
      const listener = { listenerFilters: [filterOf(options)], listenerFiltersTimeout: '0.3s' };
      return tellingListener(ports[i] ?? 0, { listener, manager: { useRemoteAddress: true }, tells });
    }),
  );
});

after(() => both?.stop());

for (const [index, options] of filters.entries()) {
  test(`both take the same ends from PROXY protocol headers: ${JSON.stringify(options)}`, { skip }, async () => {
    const differences: string[] = [];
    await Promise.all(
      beginnings.map(async ([name, ...pieces]) => {
        const [theirs, ours] = await Promise.all([seen(both.envoy[index] ?? 0, pieces), seen(both.weft[index] ?? 0, pieces)]);
        if (ours !== theirs) differences.push(`${name}: Envoy ${theirs}, Weft ${ours}`);
      }),
    );
    assert.deepEqual(differences, []);
  });
}
