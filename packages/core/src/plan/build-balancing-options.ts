import type {
  Cluster_CommonLbConfig_ZoneAwareLbConfigJson,
  Cluster_LbSubsetConfigJson,
  Cluster_SlowStartConfigJson,
} from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { LoadBalancerPlan, SlowStartPlan, SubsetSelectorPlan } from './cluster-plan.ts';
import { durationMs, numberOf } from './read.ts';

/** Slow start with its defaults; null where it is not configured. */
export function buildSlowStart(json: Cluster_SlowStartConfigJson | undefined): SlowStartPlan | null {
  if (!json) return null;
  return {
    windowMs: durationMs(json.slowStartWindow, 0),
    aggression: Number(json.aggression?.defaultValue ?? 1),
    minWeightPercent: Number(json.minWeightPercent?.value ?? (json.minWeightPercent ? 0 : 10)),
  };
}

/** Subsets of hosts by metadata. */
export function buildSubsets(json: Cluster_LbSubsetConfigJson): NonNullable<LoadBalancerPlan['subsets']> {
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
    triesFallbackList: json.metadataFallbackPolicy === 'FALLBACK_LIST',
  };
}

type ZoneAwareJson = Cluster_CommonLbConfig_ZoneAwareLbConfigJson & { readonly forceLocalityDirectRouting?: boolean };

/** Zone-aware routing with its defaults. */
export function buildZoneAware(json: ZoneAwareJson | undefined): LoadBalancerPlan['zoneAware'] {
  return {
    routingEnabledPercent: Number(json?.routingEnabled?.value ?? (json?.routingEnabled ? 0 : 100)),
    minClusterSize: numberOf(json?.minClusterSize, 6),
    forceLocalityDirectRouting: json?.forceLocalityDirectRouting ?? false,
  };
}
