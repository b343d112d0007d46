import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import { buildSlowStart, buildSubsets, buildZoneAware } from './build-balancing-options.ts';
import { buildBalancingPolicy } from './build-balancing-policy.ts';
import type { LoadBalancerPlan } from './cluster-plan.ts';
import { numberOf } from './read.ts';

/** How a cluster chooses hosts: `load_balancing_policy` where given, else `lb_policy` with its options. */
export function buildLoadBalancer(json: ClusterJson): LoadBalancerPlan {
  return json.loadBalancingPolicy ? buildBalancingPolicy(json.loadBalancingPolicy, classicPolicy(json)) : classicPolicy(json);
}

type Policy = LoadBalancerPlan['policy'];

const policies: Readonly<Record<string, Policy>> = {
  ROUND_ROBIN: 'ROUND_ROBIN',
  LEAST_REQUEST: 'LEAST_REQUEST',
  RING_HASH: 'RING_HASH',
  RANDOM: 'RANDOM',
  MAGLEV: 'MAGLEV',
  CLUSTER_PROVIDED: 'CLUSTER_PROVIDED',
};

function classicPolicy(json: ClusterJson): LoadBalancerPlan {
  const { commonLbConfig: common, ringHashLbConfig: ring, leastRequestLbConfig: least } = json;
  const zone = common?.zoneAwareLbConfig;
  const hashing = common?.consistentHashingLbConfig;
  return {
    policy: policies[json.lbPolicy ?? 'ROUND_ROBIN'] ?? 'ROUND_ROBIN',
    choiceCount: least?.choiceCount ?? 2,
    activeRequestBias: Number(least?.activeRequestBias?.defaultValue ?? 1),
    leastRequestScansAll: false,
    minimumRingSize: numberOf(ring?.minimumRingSize, 1024),
    maximumRingSize: numberOf(ring?.maximumRingSize, 8_388_608),
    hashFunction: ring?.hashFunction === 'MURMUR_HASH_2' ? 'MURMUR_HASH_2' : 'XX_HASH',
    maglevTableSize: numberOf(json.maglevLbConfig?.tableSize, 65_537),
    useHostnameForHashing: hashing?.useHostnameForHashing ?? false,
    hashBalanceFactor: hashing?.hashBalanceFactor ?? 0,
    slowStart: buildSlowStart(least?.slowStartConfig ?? json.roundRobinLbConfig?.slowStartConfig),
    panicThresholdPercent: Number(common?.healthyPanicThreshold?.value ?? (common?.healthyPanicThreshold ? 0 : 50)),
    failTrafficOnPanic: zone?.failTrafficOnPanic ?? false,
    locality: common?.localityWeightedLbConfig ? 'weighted' : zone ? 'zoneAware' : 'none',
    zoneAware: buildZoneAware(zone),
    // Without selectors there are no subsets, whatever else is said about them.
    subsets: json.lbSubsetConfig?.subsetSelectors?.length ? buildSubsets(json.lbSubsetConfig) : null,
  };
}
