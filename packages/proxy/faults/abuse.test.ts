import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AuthorityForTest } from '../src/identity/certificates-for-test.ts';
import { startProxy } from '../src/proxy.ts';
import type { RunningProxy } from '../src/proxy-options.ts';
import { abusedBootstrap } from './abused-bootstrap-for-test.ts';
import { http1Attacks, tlsAttacks } from './http1-attacks-for-test.ts';
import { http2Attacks } from './http2-attacks-for-test.ts';
import { describeLoad, LoadForTest } from './load-for-test.ts';
import { OriginForTest } from './origin-for-test.ts';

let proxy: RunningProxy;
let origin: OriginForTest;

before(async () => {
  const authority = await AuthorityForTest.create();
  origin = await OriginForTest.start();
  const place = { port: 0, tlsPort: 0, origin: origin.port, pair: await authority.issue({ dns: ['a'] }), patienceSeconds: 2 };
  proxy = await startProxy({ bootstrap: abusedBootstrap(place), drainTimeMs: 0 });
});

after(async () => {
  await proxy.stop();
  await origin.kill();
});

/** How attackers end, as with Envoy and the same configuration, but that Envoy says no GOAWAY 11. The others are cut off without a word. */
const expected: Readonly<Record<string, string>> = {
  'slow heads': '408',
  'slow bodies': '408',
  'heads of a megabyte': '431',
  'targets of a megabyte': '431',
  'ten thousand header fields': '431',
  'chunks without end of their size': '408',
  'rapid reset': 'GOAWAY 11',
  'CONTINUATION without end': 'GOAWAY 11',
  'header blocks that unpack to 48 MB': 'GOAWAY 0',
  'empty DATA frames': 'GOAWAY 11',
  priorities: 'GOAWAY 11',
  'window updates': 'GOAWAY 11',
  'twenty large responses into closed windows': 'GOAWAY 0',
  'a hundred requests whose bodies never come': 'GOAWAY 0',
};

describe('others are served, and the attackers are thrown out', { concurrency: 6 }, () => {
  for (const { name, run } of [...http1Attacks, ...tlsAttacks, ...http2Attacks]) {
    test(name, { timeout: 60_000 }, async () => {
      const [port, tlsPort] = [proxy.listenerPorts().get('in') ?? 0, proxy.listenerPorts().get('tls') ?? 0];
      const load = new LoadForTest(port, 2, { pauseMs: 5 });
      await load.answers(4);
      const endings = await run({ port, tlsPort, connections: 5, holdMs: 30_000, wakeMs: 6000 });
      await load.answers(4);
      const result = await load.stop();
      assert.equal(result.lost.size, 0, describeLoad(result));
      assert.deepEqual([...endings], [[expected[name] ?? 'closed', 5]]);
    });
  }
});

test('streams that are reset while a connection to the upstream is opened leave it to the next', async () => {
  const opened = (): number => proxy.stats().find(({ name }) => name === 'cluster.origin.upstream_cx_total')?.value ?? Number.NaN;
  const ports = { port: proxy.listenerPorts().get('in') ?? 0, tlsPort: 0 };
  const rapidReset = http2Attacks.find(({ name }) => name === 'rapid reset') ?? assert.fail();
  const before = opened();
  await rapidReset.run({ ...ports, connections: 5, holdMs: 30_000, wakeMs: 0 });
  assert.ok(opened() - before < 100, `${opened() - before} connections`);
});
