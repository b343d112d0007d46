import type { FilterJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type {
  TcpProxy_WeightedCluster_ClusterWeightJson,
  TcpProxyJson,
} from '@weft/envoy-api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { formatDuration, parseDurationMs } from '../base/durations.ts';
import type { DestinationPolicy } from '../mesh/destination-rule.ts';
import type { ProxyView } from '../mesh/proxy-view.ts';
import { accessLogs } from './access-log.ts';
import type { ListenerClass } from './listener-class.ts';
import { typedConfig } from './typed-config.ts';

/** Where a TCP proxy sends connections. */
export interface TcpProxyOptions {
  readonly statPrefix: string;
  readonly cluster?: string;
  readonly weightedClusters?: readonly TcpProxy_WeightedCluster_ClusterWeightJson[];
  /** The policy of the destination, for idle timeout, hashing and tunnelling. */
  readonly policy?: DestinationPolicy | null;
  readonly subset?: string;
  readonly listenerClass?: ListenerClass;
}

/** The network filter that forwards bytes. */
export function tcpProxy(view: ProxyView, options: TcpProxyOptions): FilterJson {
  const { policy = null, subset = '' } = options;
  const tcp = policy?.trafficPolicy?.connectionPool?.tcp;
  const idleMs = tcp?.idleTimeout === undefined ? view.node.idleTimeoutMs : parseDurationMs(tcp.idleTimeout);
  const maxDurationMs = tcp?.maxConnectionDuration === undefined ? null : parseDurationMs(tcp.maxConnectionDuration);
  const logs = accessLogs(view, options.listenerClass ?? 'sidecar-outbound', 'tcp');
  const tunnel = tunnelOf(policy, subset);
  const config: TcpProxyJson = {
    statPrefix: options.statPrefix,
    ...(options.weightedClusters ? { weightedClusters: { clusters: [...options.weightedClusters] } } : { cluster: options.cluster ?? '' }),
    ...(idleMs === null ? {} : { idleTimeout: formatDuration(idleMs) }),
    ...(logs.length > 0 ? { accessLog: logs } : {}),
    ...(hashesBySourceIp(policy, subset) ? { hashPolicy: [{ sourceIp: {} }] } : {}),
    ...(tunnel ? { tunnelingConfig: tunnel } : {}),
    ...(maxDurationMs === null ? {} : { maxDownstreamConnectionDuration: formatDuration(maxDurationMs) }),
  };
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typedConfig: typedConfig('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', config),
  };
}

function hashesBySourceIp(policy: DestinationPolicy | null, subsetName: string): boolean {
  const own = policy?.subsets.find((subset) => subset.name === subsetName)?.trafficPolicy?.loadBalancer;
  return ((own ?? policy?.trafficPolicy?.loadBalancer)?.consistentHash?.useSourceIp ?? false) === true;
}

/** Tunnelling through an HTTP proxy by CONNECT or POST. */
function tunnelOf(policy: DestinationPolicy | null, subsetName: string): TcpProxyJson['tunnelingConfig'] | null {
  const own = policy?.subsets.find((subset) => subset.name === subsetName)?.trafficPolicy;
  const tunnel = own?.tunnel ?? policy?.trafficPolicy?.tunnel;
  if (!tunnel?.targetHost || !tunnel.targetPort) return null;
  return { hostname: `${tunnel.targetHost}:${tunnel.targetPort}`, ...(tunnel.protocol === 'POST' ? { usePost: true } : {}) };
}
