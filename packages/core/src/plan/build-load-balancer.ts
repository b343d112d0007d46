import type {
  Cluster_LbSubsetConfigJson,
  Cluster_SlowStartConfigJson,
  ClusterJson,
} from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { LoadBalancerPlan, SlowStartPlan, SubsetSelectorPlan } from './cluster-plan.ts';
import { durationMs, messageName, numberOf } from './read.ts';

/** How a cluster chooses hosts: `load_balancing_policy` where given, else `lb_policy` with its options. */
export function buildLoadBalancer(json: ClusterJson): LoadBalancerPlan {
  const classic = classicPolicy(json);
  const typed = typedPolicy(json);
  return typed ? { ...classic, ...typed } : classic;
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
    zoneAware: {
      routingEnabledPercent: Number(zone?.routingEnabled?.value ?? 100),
      minClusterSize: numberOf(zone?.minClusterSize, 6),
      failTrafficOnPanic: zone?.failTrafficOnPanic ?? false,
    },
    subsets: json.lbSubsetConfig ? buildSubsets(json.lbSubsetConfig) : null,
    overrideHostHeader: null,
  };
}

type TypedPolicy = Readonly<Record<string, unknown>>;

const typedPolicies: Readonly<Record<string, Policy>> = {
  'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin': 'ROUND_ROBIN',
  'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest': 'LEAST_REQUEST',
  'envoy.extensions.load_balancing_policies.random.v3.Random': 'RANDOM',
  'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash': 'RING_HASH',
  'envoy.extensions.load_balancing_policies.maglev.v3.Maglev': 'MAGLEV',
};

/** The first policy of the list that is known; a `wrr_locality` wrapper means locality weights around its child. */
function typedPolicy(json: { readonly loadBalancingPolicy?: unknown }): Partial<LoadBalancerPlan> | null {
  const list = (json.loadBalancingPolicy as { policies?: { typedExtensionConfig?: { typedConfig?: TypedPolicy } }[] } | undefined)
    ?.policies;
  for (const entry of list ?? []) {
    const config = entry.typedExtensionConfig?.typedConfig;
    const name = messageName(config?.['@type'] as string | undefined);
    if (config && name.endsWith('.WrrLocality')) {
      const inner = typedPolicy({ loadBalancingPolicy: config.endpointPickingPolicy });
      if (inner) return { ...inner, locality: 'weighted' };
    }
    const policy = typedPolicies[name];
    if (config && policy) return { policy, ...typedOptions(config) };
  }
  return null;
}

function typedOptions(config: TypedPolicy): Partial<LoadBalancerPlan> {
  const locality = config.localityLbConfig as { readonly localityWeightedLbConfig?: object } | undefined;
  const hashing = config.consistentHashingLbConfig as
    | { readonly useHostnameForHashing?: boolean; readonly hashBalanceFactor?: number }
    | undefined;
  const slowStart = buildSlowStart(config.slowStartConfig as Cluster_SlowStartConfigJson | undefined);
  return {
    ...(config.choiceCount === undefined ? {} : { choiceCount: Number(config.choiceCount) }),
    ...(config.minimumRingSize === undefined ? {} : { minimumRingSize: Number(config.minimumRingSize) }),
    ...(config.maximumRingSize === undefined ? {} : { maximumRingSize: Number(config.maximumRingSize) }),
    ...(config.hashFunction === 'MURMUR_HASH_2' ? { hashFunction: 'MURMUR_HASH_2' } : {}),
    ...(config.tableSize === undefined ? {} : { maglevTableSize: Number(config.tableSize) }),
    ...(slowStart ? { slowStart } : {}),
    ...(locality?.localityWeightedLbConfig || config.localityWeightedLbConfig ? { locality: 'weighted' } : {}),
    useHostnameForHashing: hashing?.useHostnameForHashing ?? config.useHostnameForHashing === true,
    hashBalanceFactor: Number(hashing?.hashBalanceFactor ?? config.hashBalanceFactor ?? 0),
  };
}

function buildSlowStart(json: Cluster_SlowStartConfigJson | undefined): SlowStartPlan | null {
  if (!json) return null;
  return {
    windowMs: durationMs(json.slowStartWindow, 0),
    aggression: Number(json.aggression?.defaultValue ?? 1),
    minWeightPercent: Number(json.minWeightPercent?.value ?? 10),
  };
}

function buildSubsets(json: Cluster_LbSubsetConfigJson): LoadBalancerPlan['subsets'] {
  const fallback = json.fallbackPolicy;
  return {
    fallback: fallback === 'ANY_ENDPOINT' || fallback === 'DEFAULT_SUBSET' ? fallback : 'NO_FALLBACK',
    defaultSubset: (json.defaultSubset ?? {}) as Readonly<Record<string, unknown>>,
    selectors: (json.subsetSelectors ?? []).map(
      (selector): SubsetSelectorPlan => ({
        keys: [...(selector.keys ?? [])].sort(),
        fallback: (selector.fallbackPolicy as SubsetSelectorPlan['fallback'] | undefined) ?? 'NOT_DEFINED',
        fallbackKeys: selector.fallbackKeysSubset ?? [],
        singleHostPerSubset: selector.singleHostPerSubset ?? false,
      }),
    ),
    localityWeightAware: json.localityWeightAware ?? false,
    scaleLocalityWeight: json.scaleLocalityWeight ?? false,
    panicModeAny: json.panicModeAny ?? false,
    listAsAny: json.listAsAny ?? false,
  };
}
