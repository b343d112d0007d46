import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { connect as netConnect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { findEnvoy } from './envoy.ts';
import { type Pair, startPair, tellingListener } from './pair.ts';

const envoy = findEnvoy();

describe('streams of HTTP/2 count the bytes of their frames as Envoy counts them', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
}, () => {
  let pair: Pair;

  before(async () => {
    pair = await startPair(envoy ?? '', 1, ([port = 0]) => [
      tellingListener(port, { manager: { codecType: 'HTTP2' }, tells: { 'x-received': '%DOWNSTREAM_WIRE_BYTES_RECEIVED%' } }),
    ]);
  });

  after(() => pair.stop());

  for (const [name, headers] of [
    ['short', { ':path': '/' }],
    ['long, over several frames', { ':path': '/', 'x-long': 'v'.repeat(20_000) }],
  ] as const) {
    test(`a head that is ${name}`, async () => {
      const [theirs, ours] = await Promise.all([pair.envoy, pair.weft].map(([port = 0]) => bytesReceived(port, headers)));
      assert.equal(ours, theirs);
      assert.ok(Number(ours) > 10);
    });
  }
});

async function bytesReceived(port: number, headers: Readonly<Record<string, string>>): Promise<unknown> {
  const session = connect('http://127.0.0.1', { createConnection: () => netConnect(port, '127.0.0.1') });
  const stream = session.request({ ...headers, ':authority': 'a.test' });
  const [answer] = (await once(stream, 'response')) as [Record<string, unknown>];
  stream.resume();
  await once(stream, 'end');
  session.close();
  return answer['x-received'];
}
