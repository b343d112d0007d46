import type { ProxyView } from '../mesh/proxy-view.ts';
import type { Service } from '../mesh/service.ts';
import type { LocalityLbSetting } from '../mesh/traffic-policy.ts';
import type { EffectivePolicy } from './traffic-policy.ts';

/** How the place of endpoints counts for a cluster. */
export interface LocalityLb {
  readonly setting: LocalityLbSetting | null;
  /** Whether nearer endpoints are preferred while they are healthy. */
  readonly hasFailover: boolean;
  readonly usesLocalityWeights: boolean;
}

const network = 'topology.istio.io/network';
const region = 'topology.kubernetes.io/region';
const zone = 'topology.kubernetes.io/zone';
const subzone = 'topology.istio.io/subzone';
const hostname = 'kubernetes.io/hostname';

const distributions: Readonly<Record<NonNullable<Service['trafficDistribution']>, readonly string[]>> = {
  'prefer-same-zone': [network, region, zone],
  'prefer-same-node': [network, region, zone, subzone, hostname],
  'prefer-same-network': [network],
  any: [],
};

/** Locality settings of a destination: its rule's, else the service's traffic distribution, else the mesh's. Failover needs outlier detection to notice failures. */
export function localityLb(view: ProxyView, service: Service, policy: EffectivePolicy): LocalityLb {
  const own = policy.loadBalancer?.localityLbSetting;
  const preferred = service.trafficDistribution === null ? [] : distributions[service.trafficDistribution];
  if (!own && preferred.length > 0) return { setting: { failoverPriority: preferred }, hasFailover: true, usesLocalityWeights: true };
  const setting: LocalityLbSetting = own ?? view.settings.meshConfig.localityLbSetting;
  if (setting.enabled === false) return { setting: null, hasFailover: false, usesLocalityWeights: false };
  const hasFailover = policy.outlierDetection !== undefined;
  const isConfigured = setting.failover !== undefined || setting.failoverPriority !== undefined;
  return { setting, hasFailover, usesLocalityWeights: (hasFailover && isConfigured) || setting.distribute !== undefined };
}
