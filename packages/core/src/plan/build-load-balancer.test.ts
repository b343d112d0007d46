import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import { buildLoadBalancer } from './build-load-balancer.ts';

const policy = (name: string, config: object = {}): NonNullable<ClusterJson['loadBalancingPolicy']> => ({
  policies: [
    {
      typedExtensionConfig: {
        name,
        typedConfig: { '@type': `type.googleapis.com/envoy.extensions.load_balancing_policies.${name}`, ...config },
      },
    },
  ],
});

test('a policy of the extension form replaces the older fields, but for the panic threshold', () => {
  const plan = buildLoadBalancer({
    lbPolicy: 'RANDOM',
    commonLbConfig: { healthyPanicThreshold: { value: 10 }, localityWeightedLbConfig: {} },
    leastRequestLbConfig: { choiceCount: 9 },
    loadBalancingPolicy: policy('least_request.v3.LeastRequest', {
      activeRequestBias: { defaultValue: 0.5 },
      selectionMethod: 'FULL_SCAN',
    }),
  });
  assert.deepEqual(
    [plan.policy, plan.choiceCount, plan.activeRequestBias, plan.leastRequestScansAll, plan.locality, plan.panicThresholdPercent],
    ['LEAST_REQUEST', 2, 0.5, true, 'none', 10],
  );
});

test('wrappers add locality weights and subsets to their child', () => {
  const inner = policy('client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin');
  const localities = buildLoadBalancer({ loadBalancingPolicy: policy('wrr_locality.v3.WrrLocality', { endpointPickingPolicy: inner }) });
  assert.deepEqual([localities.policy, localities.locality], ['ROUND_ROBIN', 'weighted']);
  const subsets = buildLoadBalancer({
    loadBalancingPolicy: policy('subset.v3.Subset', {
      fallbackPolicy: 'ANY_ENDPOINT',
      subsetSelectors: [{ keys: ['b', 'a'] }],
      subsetLbPolicy: policy('random.v3.Random'),
    }),
  });
  assert.deepEqual(
    [subsets.policy, subsets.subsets?.fallback, subsets.subsets?.selectors[0]?.keys],
    ['RANDOM', 'ANY_ENDPOINT', ['a', 'b']],
  );
});

test('hash policies and zone awareness are read in both forms', () => {
  const hashing = { useHostnameForHashing: true, hashBalanceFactor: 150 };
  const classic = buildLoadBalancer({ lbPolicy: 'MAGLEV', commonLbConfig: { consistentHashingLbConfig: hashing } });
  const typed = buildLoadBalancer({ loadBalancingPolicy: policy('maglev.v3.Maglev', { consistentHashingLbConfig: hashing }) });
  for (const plan of [classic, typed]) {
    assert.deepEqual([plan.policy, plan.useHostnameForHashing, plan.hashBalanceFactor], ['MAGLEV', true, 150]);
  }
  const zoneAwareLbConfig = { routingEnabled: { value: 40 }, minClusterSize: '3', failTrafficOnPanic: true };
  const zones = [
    buildLoadBalancer({ commonLbConfig: { zoneAwareLbConfig } }),
    buildLoadBalancer({ loadBalancingPolicy: policy('round_robin.v3.RoundRobin', { localityLbConfig: { zoneAwareLbConfig } }) }),
  ];
  for (const plan of zones) {
    assert.deepEqual(
      [plan.locality, plan.zoneAware.routingEnabledPercent, plan.zoneAware.minClusterSize, plan.failTrafficOnPanic],
      ['zoneAware', 40, 3, true],
    );
  }
});

test('a list without a known policy leaves the older fields in force', () => {
  assert.equal(buildLoadBalancer({ lbPolicy: 'RANDOM', loadBalancingPolicy: policy('unheard_of.v3.Policy') }).policy, 'RANDOM');
});
