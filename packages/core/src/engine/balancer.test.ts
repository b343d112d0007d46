import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCluster } from '../plan/build-cluster.ts';
import { buildLoadAssignment } from '../plan/build-endpoint.ts';
import type { LoadAssignmentPlan, LoadBalancerPlan } from '../plan/cluster-plan.ts';
import type { BalancedHost, HostChoice } from './balanced-host.ts';
import { Balancer } from './balancer.ts';
import { murmurHash2 } from './murmur-hash.ts';
import { priorityLoad } from './priority-load.ts';
import { xxHash64 } from './xx-hash.ts';

interface Spec {
  readonly ip: string;
  readonly weight?: number;
  readonly priority?: number;
  readonly zone?: string;
  readonly zoneWeight?: number;
  readonly healthy?: boolean;
  readonly active?: number;
  readonly healthySinceMs?: number;
}

function balancerOf(config: Parameters<typeof buildCluster>[0], specs: readonly Spec[]): Balancer<BalancedHost> {
  const plan: LoadBalancerPlan = buildCluster(config).loadBalancer;
  const assignment: LoadAssignmentPlan = buildLoadAssignment({
    endpoints: specs.map((spec) => ({
      locality: { zone: spec.zone ?? '' },
      priority: spec.priority ?? 0,
      ...(spec.zoneWeight === undefined ? {} : { loadBalancingWeight: spec.zoneWeight }),
      lbEndpoints: [
        { endpoint: { address: { socketAddress: { address: spec.ip, portValue: 80 } } }, loadBalancingWeight: spec.weight ?? 1 },
      ],
    })),
  });
  const balancer = new Balancer<BalancedHost>(plan);
  const hosts = assignment.localities.flatMap(({ endpoints }, i) =>
    endpoints.map((endpoint) => ({
      endpoint,
      coarseHealth: (specs[i]?.healthy ?? true) ? ('healthy' as const) : ('unhealthy' as const),
      isExcluded: false,
      activeRequests: specs[i]?.active ?? 0,
      healthySinceMs: specs[i]?.healthySinceMs ?? 0,
    })),
  );
  balancer.update(hosts, assignment);
  return balancer;
}

function draws(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function counts(balancer: Balancer<BalancedHost>, picks: number, choice: Partial<HostChoice> = {}): Readonly<Record<string, number>> {
  const random = draws();
  const found: Record<string, number> = {};
  for (let i = 0; i < picks; i++) {
    const host = balancer.choose({ hash: null, attempt: 0, excludedPriorities: null, random, nowMs: 1e9, ...choice });
    const name = host?.endpoint.key ?? 'none';
    found[name] = (found[name] ?? 0) + 1;
  }
  return found;
}

test('xxHash64 and MurmurHash2 give their published values', () => {
  assert.equal(xxHash64(''), 0xef46db3751d8e999n);
  assert.equal(xxHash64('a'), 0xd24ec4f1a98c6e5bn);
  assert.equal(xxHash64('foo'), 0x33bf00a859c4ba3fn);
  assert.equal(xxHash64('The quick brown fox jumps over the lazy dog'), 0x0b242d361fda71bcn);
  assert.equal(murmurHash2('foo'), 9_631_199_822_919_835_226n);
});

test('round robin visits every host in turn, by weight where weights differ', () => {
  assert.deepEqual(counts(balancerOf({}, [{ ip: '1.1.1.1' }, { ip: '1.1.1.2' }]), 10), { '1.1.1.1:80': 5, '1.1.1.2:80': 5 });
  const weighted = balancerOf({}, [
    { ip: '1.1.1.1', weight: 3 },
    { ip: '1.1.1.2', weight: 1 },
  ]);
  assert.deepEqual(counts(weighted, 8), { '1.1.1.1:80': 6, '1.1.1.2:80': 2 });
});

test('least request prefers the idle host', () => {
  const found = counts(balancerOf({ lbPolicy: 'LEAST_REQUEST' }, [{ ip: '1.1.1.1', active: 5 }, { ip: '1.1.1.2' }]), 1000);
  assert.ok((found['1.1.1.2:80'] ?? 0) > 700);
});

test('load spills to the next priority as soon as overprovisioned health no longer covers it', () => {
  const health = (healthy: number) => ({ total: 10, healthy, degraded: 0, hosts: { all: 10, counted: 10, usable: healthy } });
  const load = (healthy: number) =>
    priorityLoad([health(healthy), health(10)], { overprovisioningFactor: 140, panicThresholdPercent: 50 }).healthy;
  assert.deepEqual(load(10), [100, 0]);
  assert.deepEqual(load(8), [100, 0]);
  assert.deepEqual(load(7), [98, 2]);
  assert.deepEqual(load(5), [70, 30]);
  assert.deepEqual(load(0), [0, 100]);
});

test('below the panic threshold every host is used, at threshold 0 none', () => {
  const specs: Spec[] = [{ ip: '1.1.1.1', healthy: false }, { ip: '1.1.1.2', healthy: false }, { ip: '1.1.1.3' }];
  assert.equal(Object.keys(counts(balancerOf({}, specs), 30)).length, 3);
  const strict = balancerOf({ commonLbConfig: { healthyPanicThreshold: { value: 0 } } }, specs);
  assert.deepEqual(counts(strict, 30), { '1.1.1.3:80': 30 });
  assert.deepEqual(counts(balancerOf({ commonLbConfig: { healthyPanicThreshold: {} } }, [{ ip: '1.1.1.1', healthy: false }]), 3), {
    none: 3,
  });
});

test('locality weights share the load, less what a locality cannot serve', () => {
  const config = { commonLbConfig: { localityWeightedLbConfig: {} } };
  const balancer = balancerOf(config, [
    { ip: '1.1.1.1', zone: 'a', zoneWeight: 80 },
    { ip: '1.1.1.2', zone: 'b', zoneWeight: 20 },
  ]);
  assert.deepEqual(counts(balancer, 100), { '1.1.1.1:80': 80, '1.1.1.2:80': 20 });
});

test('localities without any weight share the load host by host', () => {
  const balancer = balancerOf({ commonLbConfig: { localityWeightedLbConfig: {} } }, [
    { ip: '1.1.1.1', zone: 'a' },
    { ip: '1.1.1.2', zone: 'b' },
  ]);
  assert.deepEqual(counts(balancer, 10), { '1.1.1.1:80': 5, '1.1.1.2:80': 5 });
});

test('a ring keeps most requests where they were when a host goes', () => {
  const specs = Array.from({ length: 10 }, (_, i) => ({ ip: `10.0.0.${i + 1}` }));
  for (const lbPolicy of ['RING_HASH', 'MAGLEV'] as const) {
    const before = balancerOf({ lbPolicy }, specs);
    const after = balancerOf({ lbPolicy }, specs.slice(0, 9));
    let moved = 0;
    for (let i = 0; i < 1000; i++) {
      const choice: HostChoice = {
        hash: xxHash64(`key-${i}`),
        attempt: 0,
        excludedPriorities: null,
        random: draws(),
        nowMs: 0,
      };
      const host = before.choose(choice)?.endpoint.key;
      if (host !== '10.0.0.10:80' && host !== after.choose(choice)?.endpoint.key) moved++;
    }
    assert.ok(moved < 100, `${lbPolicy}: ${moved} of 1000 moved`);
  }
});

test('a retry on a ring goes to another place', () => {
  const balancer = balancerOf({ lbPolicy: 'RING_HASH' }, [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }, { ip: '10.0.0.3' }]);
  const hash = xxHash64('client');
  const tried = [0, 1, 2, 3, 4, 5, 6, 7].map(
    (attempt) => balancer.choose({ hash, attempt, excludedPriorities: null, random: draws(), nowMs: 0 })?.endpoint.key,
  );
  assert.ok(new Set(tried).size > 1);
});

test('a host that just became healthy gets its share little by little', () => {
  const config = { roundRobinLbConfig: { slowStartConfig: { slowStartWindow: '100s' } } };
  const shareAt = (seconds: number): number => {
    const balancer = balancerOf(config, [{ ip: '1.1.1.1' }, { ip: '1.1.1.2', healthySinceMs: 1_000_000 }]);
    return (counts(balancer, 1000, { nowMs: 1_000_000 + seconds * 1000 })['1.1.1.2:80'] ?? 0) / 1000;
  };
  // A factor f of its weight gives f / (1 + f): at least a tenth, then as much as of the window has passed.
  for (const [seconds, share] of [
    [1, 0.091],
    [50, 0.333],
    [100, 0.5],
  ] as const) {
    assert.ok(Math.abs(shareAt(seconds) - share) < 0.01, `${seconds} s: ${shareAt(seconds)}`);
  }
});
