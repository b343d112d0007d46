import type { Cluster_CommonLbConfig_ZoneAwareLbConfigJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { Service } from '../mesh/service.ts';
import type { LocalityLbSetting, ZoneAwareLbSetting } from '../mesh/traffic-policy.ts';
import type { EffectivePolicy } from './traffic-policy.ts';

/** How the place of endpoints counts for a cluster. */
export interface LocalityLb {
  readonly setting: LocalityLbSetting | null;
  /** Whether nearer endpoints are preferred while they are healthy. */
  readonly hasFailover: boolean;
  readonly usesLocalityWeights: boolean;
  /** For regions alone to make priorities: within the own region Envoy balances by zone. */
  readonly zoneAware: Cluster_CommonLbConfig_ZoneAwareLbConfigJson | null;
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

/** Locality settings of a destination: its rule's, else the service's traffic distribution, else the mesh's, zone awareness before shares and failover. Failover needs outlier detection to notice failures. */
export function localityLb(view: ProxyView, service: Service, policy: EffectivePolicy): LocalityLb {
  const own = policy.loadBalancer?.localityLbSetting;
  const ownZones = policy.loadBalancer?.zoneAwareLbSetting;
  if (ownZones && !own) return zoneAwareLb(view, ownZones);
  const preferred = service.trafficDistribution === null ? [] : distributions[service.trafficDistribution];
  if (!own && preferred.length > 0) {
    return { setting: { failoverPriority: preferred }, hasFailover: true, usesLocalityWeights: true, zoneAware: null };
  }
  const meshZones = view.settings.meshConfig.zoneAwareLbSetting;
  if (!own && meshZones) return zoneAwareLb(view, meshZones);
  const setting: LocalityLbSetting = own ?? view.settings.meshConfig.localityLbSetting;
  if (setting.enabled === false) return noLocality;
  const hasFailover = policy.outlierDetection !== undefined;
  const isConfigured = setting.failover !== undefined || setting.failoverPriority !== undefined;
  return {
    setting,
    hasFailover,
    usesLocalityWeights: (hasFailover && isConfigured) || setting.distribute !== undefined,
    zoneAware: null,
  };
}

const noLocality: LocalityLb = { setting: null, hasFailover: false, usesLocalityWeights: false, zoneAware: null };

/** The own region first whatever becomes of it. Switched off it must be said, because Envoy would do it of itself. Gateways know no zone mates. */
function zoneAwareLb(view: ProxyView, { enabled, failover, failoverPriority, minClusterSize }: ZoneAwareLbSetting): LocalityLb {
  if (view.node.type !== 'sidecar') return noLocality;
  if (!enabled) return { ...noLocality, zoneAware: { routingEnabled: {} } };
  const zoneAware = { routingEnabled: { value: 100 }, ...(minClusterSize ? { minClusterSize: String(minClusterSize) } : {}) };
  const setting = { ...(failover ? { failover } : {}), ...(failoverPriority ? { failoverPriority } : {}) };
  return { setting, hasFailover: true, usesLocalityWeights: false, zoneAware };
}
