import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCluster } from '../plan/build-cluster.ts';
import { buildLoadAssignment } from '../plan/build-endpoint.ts';
import type { BalancedHost } from './balanced-host.ts';
import { MersenneTwister } from './mersenne-twister.ts';
import { type UpstreamZone, ZoneRouting } from './zone-routing.ts';

const locality = (zone: string) => ({ region: 'r', zone, subZone: '' });

function fleet(zones: readonly string[]): readonly BalancedHost[] {
  const { localities } = buildLoadAssignment({
    endpoints: zones.map((zone, i) => ({
      locality: { region: 'r', zone },
      lbEndpoints: [{ endpoint: { address: { socketAddress: { address: `10.0.0.${i}`, portValue: 80 } } } }],
    })),
  });
  return localities.flatMap(({ endpoints }) =>
    endpoints.map((endpoint) => ({ endpoint, coarseHealth: 'healthy', isExcluded: false, activeRequests: 0, healthySinceMs: 0 })),
  );
}

/** Per cent of many choices by zone, to the nearest five; null where zones do not count. */
function shares(
  zones: readonly UpstreamZone[],
  proxies: readonly string[],
  config: Parameters<typeof buildCluster>[0] = {},
): number[] | null {
  const routing = ZoneRouting.create(zones, { locality: locality('a'), hosts: fleet(proxies) }, buildCluster(config).loadBalancer);
  if (routing === null) return null;
  const counts = zones.map(() => 0);
  const random = new MersenneTwister(1);
  for (let i = 0; i < 10_000; i++) {
    const zone = routing.choose(() => random.next() / 2 ** 32);
    if (typeof zone === 'number') counts[zone] = (counts[zone] ?? 0) + 1;
  }
  return counts.map((count) => Math.round(count / 500) * 5);
}

const zones = (a: number, b: number, c: number): readonly UpstreamZone[] => [
  { locality: locality('a'), healthy: a },
  { locality: locality('b'), healthy: b },
  { locality: locality('c'), healthy: c },
];

test('everything stays in the own zone when it has its share of the hosts', () => {
  assert.deepEqual(shares(zones(5, 3, 2), ['a', 'b']), [100, 0, 0]);
});

test('what the own zone cannot serve goes to zones with capacity left', () => {
  assert.deepEqual(shares(zones(3, 5, 2), ['a', 'a', 'b', 'c']), [60, 40, 0]);
});

test('zones do not count for small clusters, a single zone, or a proxy that its fleet does not know', () => {
  assert.equal(shares(zones(2, 2, 1), ['a', 'b']), null);
  assert.equal(shares(zones(5, 3, 2), ['b', 'c']), null);
  assert.equal(shares(zones(5, 3, 2), ['a', 'a']), null);
  assert.equal(shares([{ locality: locality('a'), healthy: 9 }], ['a', 'b']), null);
  assert.deepEqual(shares(zones(2, 2, 1), ['a', 'b'], { commonLbConfig: { zoneAwareLbConfig: { minClusterSize: '5' } } }), [80, 0, 20]);
});
