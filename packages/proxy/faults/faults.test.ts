import assert from 'node:assert/strict';
import { promises as dns } from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { after, mock, test } from 'node:test';
import { startProxy } from '../src/proxy.ts';
import type { RunningProxy } from '../src/proxy-options.ts';
import { endpointsOf } from '../src/xds/resources-for-test.ts';
import { describeLoad, LoadForTest } from './load-for-test.ts';
import { MeshForTest } from './mesh-for-test.ts';

const stops: (() => unknown)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

async function meshWithLoad(
  isTls = false,
): Promise<{ mesh: MeshForTest; proxy: RunningProxy; load: LoadForTest; end: () => Promise<void> }> {
  const mesh = await MeshForTest.start({ isTls });
  stops.push(() => mesh.stop());
  const proxy = await startProxy({ bootstrap: mesh.bootstrap(), drainTimeMs: 0 });
  stops.push(() => proxy.stop());
  await proxy.ready;
  const load = new LoadForTest(proxy.listenerPorts().get('in') ?? 0, 6, { ca: isTls ? mesh.authority.root : null });
  const end = async (): Promise<void> => {
    await load.answers(20);
    const result = await load.stop();
    assert.equal(result.lost.size, 0, describeLoad(result));
  };
  await load.answers(20);
  return { mesh, proxy, load, end };
}

test('no request is lost while everything is configured anew again and again', async () => {
  const { mesh, load, end } = await meshWithLoad();
  for (let round = 0; round < 25; round++) {
    for (const kind of ['clusters', 'endpoints', 'listeners', 'routes'] as const) {
      mesh.change(kind);
      await load.answers(3);
    }
  }
  await end();
});

test('no request is lost while the certificates of both sides rotate', async () => {
  const { mesh, load, end } = await meshWithLoad(true);
  for (let round = 0; round < 20; round++) {
    await mesh.rotateCertificates();
    await load.answers(5);
  }
  await end();
});

test('no request is lost while upstreams are killed, come back, and do not answer, as long as one is well', async () => {
  const { mesh, load, end } = await meshWithLoad();
  for (const origin of [...mesh.origins, ...mesh.origins]) {
    await origin.kill();
    await load.answers(30);
    await origin.start();
    await load.answers(30);
  }
  const [first] = mesh.origins;
  assert.ok(first);
  first.isSilent = true;
  await load.answers(30);
  first.isSilent = false;
  await end();
});

test('no request is lost while the control plane is away, and its next configuration is taken', async () => {
  const { mesh, proxy, load, end } = await meshWithLoad();
  mesh.control.dropStreams();
  await load.answers(30);
  mesh.change('routes');
  await mesh.control.seen(({ kind, hasNode }) => kind === 'clusters' && hasNode);
  await load.answers(30);
  assert.equal(proxy.stats().length > 0, true);
  await end();
});

test('no request is lost while the wall clock jumps', async () => {
  const { load, end } = await meshWithLoad();
  const real = Date.now;
  for (const jumpMs of [3_600_000, -3_600_000, 86_400_000]) {
    const jumped = mock.method(Date, 'now', () => real() + jumpMs);
    await load.answers(30);
    jumped.mock.restore();
  }
  await end();
});

test('no request is lost while names cannot be resolved that could be before', async () => {
  const { mesh, load, end } = await meshWithLoad();
  const loadAssignment = endpointsOf(
    'origin',
    mesh.origins.map(({ port }) => port),
  ) as {
    endpoints: [{ lbEndpoints: { endpoint: { address: { socketAddress: { address: string } } } }[] }];
  };
  for (const { endpoint } of loadAssignment.endpoints[0].lbEndpoints) endpoint.address.socketAddress.address = 'origin.test';
  const resolved = mock.method(dns, 'lookup', async () => [{ address: '127.0.0.1', family: 4 }]);
  syncBuiltinESMExports();
  mesh.control.set('clusters', [{ name: 'origin', type: 'STRICT_DNS', dnsRefreshRate: '0.01s', connectTimeout: '1s', loadAssignment }]);
  await load.answers(30);
  while (resolved.mock.callCount() < 2) await load.answers(5);
  resolved.mock.mockImplementation(async () => {
    throw new Error('SERVFAIL');
  });
  const before = resolved.mock.callCount();
  while (resolved.mock.callCount() < before + 10) await load.answers(5);
  await end();
  resolved.mock.restore();
  syncBuiltinESMExports();
});
