import type {
  Cluster_LbSubsetConfigJson,
  Cluster_SlowStartConfigJson,
  LoadBalancingPolicyJson,
} from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { LocalityLbConfigJson } from '@weft/envoy-api/envoy/extensions/load_balancing_policies/common/v3/common_pb';
import { buildSlowStart, buildSubsets, buildZoneAware } from './build-balancing-options.ts';
import type { LoadBalancerPlan } from './cluster-plan.ts';
import { messageName, numberOf } from './read.ts';

/** What policies of the extension form say, in one bag: each reads its own part. */
interface PolicyConfig extends Cluster_LbSubsetConfigJson {
  readonly '@type'?: string;
  readonly choiceCount?: number;
  readonly activeRequestBias?: { readonly defaultValue?: number | string };
  readonly enableFullScan?: boolean;
  readonly selectionMethod?: string | number;
  readonly minimumRingSize?: number | string;
  readonly maximumRingSize?: number | string;
  readonly hashFunction?: string | number;
  readonly tableSize?: number | string;
  readonly slowStartConfig?: Cluster_SlowStartConfigJson;
  readonly localityLbConfig?: LocalityLbConfigJson;
  readonly localityWeightedLbConfig?: object;
  readonly consistentHashingLbConfig?: HashingConfig;
  readonly useHostnameForHashing?: boolean;
  readonly hashBalanceFactor?: number;
  readonly endpointPickingPolicy?: LoadBalancingPolicyJson;
  readonly subsetLbPolicy?: LoadBalancingPolicyJson;
}

interface HashingConfig {
  readonly useHostnameForHashing?: boolean;
  readonly hashBalanceFactor?: number;
}

const policyByName: Readonly<Record<string, LoadBalancerPlan['policy']>> = {
  'round_robin.v3.RoundRobin': 'ROUND_ROBIN',
  // Without load reports from its hosts it is a round robin.
  'client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin': 'ROUND_ROBIN',
  'least_request.v3.LeastRequest': 'LEAST_REQUEST',
  'random.v3.Random': 'RANDOM',
  'ring_hash.v3.RingHash': 'RING_HASH',
  'maglev.v3.Maglev': 'MAGLEV',
  'cluster_provided.v3.ClusterProvided': 'CLUSTER_PROVIDED',
};

/**
 * A `load_balancing_policy`: the first policy of the list that is known, wrappers (locality weights, subsets) around their
 * children. Of the older fields only the panic threshold counts beside it. Without a known policy `fallback` stands.
 */
export function buildBalancingPolicy(json: LoadBalancingPolicyJson, fallback: LoadBalancerPlan): LoadBalancerPlan {
  const base: LoadBalancerPlan = { ...fallback, locality: 'none', slowStart: null, hashBalanceFactor: 0, useHostnameForHashing: false };
  return policyOf(json, base) ?? fallback;
}

function policyOf(json: LoadBalancingPolicyJson | undefined, base: LoadBalancerPlan): LoadBalancerPlan | null {
  for (const entry of json?.policies ?? []) {
    const config = entry.typedExtensionConfig?.typedConfig as PolicyConfig | undefined;
    const name = messageName(config?.['@type']).replace('envoy.extensions.load_balancing_policies.', '');
    const built = config === undefined ? null : knownPolicy(name, config, base);
    if (built !== null) return built;
  }
  return null;
}

function knownPolicy(name: string, config: PolicyConfig, base: LoadBalancerPlan): LoadBalancerPlan | null {
  switch (name) {
    case 'wrr_locality.v3.WrrLocality': {
      const inner = policyOf(config.endpointPickingPolicy, base);
      return inner && { ...inner, locality: 'weighted' };
    }
    case 'subset.v3.Subset': {
      const inner = policyOf(config.subsetLbPolicy, base);
      return inner && { ...inner, subsets: config.subsetSelectors?.length ? buildSubsets(config) : null };
    }
    default: {
      const policy = policyByName[name];
      return policy === undefined ? null : { ...base, policy, ...optionsOf(config, base) };
    }
  }
}

function optionsOf(config: PolicyConfig, base: LoadBalancerPlan): Partial<LoadBalancerPlan> {
  const locality = config.localityLbConfig;
  const zone = locality?.zoneAwareLbConfig;
  const hashing = config.consistentHashingLbConfig ?? config;
  return {
    choiceCount: config.choiceCount ?? 2,
    activeRequestBias: Number(config.activeRequestBias?.defaultValue ?? 1),
    leastRequestScansAll: config.selectionMethod === 'FULL_SCAN' || config.enableFullScan === true,
    minimumRingSize: numberOf(config.minimumRingSize, base.minimumRingSize),
    maximumRingSize: numberOf(config.maximumRingSize, base.maximumRingSize),
    hashFunction: config.hashFunction === 'MURMUR_HASH_2' ? 'MURMUR_HASH_2' : 'XX_HASH',
    maglevTableSize: numberOf(config.tableSize, base.maglevTableSize),
    slowStart: buildSlowStart(config.slowStartConfig),
    locality: locality?.localityWeightedLbConfig || config.localityWeightedLbConfig ? 'weighted' : zone ? 'zoneAware' : 'none',
    zoneAware: buildZoneAware(zone),
    failTrafficOnPanic: zone?.failTrafficOnPanic ?? false,
    useHostnameForHashing: hashing.useHostnameForHashing ?? false,
    hashBalanceFactor: hashing.hashBalanceFactor ?? 0,
  };
}
