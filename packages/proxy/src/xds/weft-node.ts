import type { NodeJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';

/** Version told to control planes and in metrics. */
export const proxyVersion = '0.1.0';

/** Istio's own filters and optional parts of Envoy, which a control plane only sends to proxies that name them. */
const extensions = [
  ['istio.stats', 'envoy.filters.http'],
  ['istio.stats', 'envoy.filters.network'],
  ['envoy.filters.http.peer_metadata', 'envoy.filters.http'],
  ['istio.metadata_exchange', 'envoy.filters.network'],
  ['envoy.filters.http.grpc_stats', 'envoy.filters.http'],
  ['envoy.tracers.opentelemetry.resource_detectors.environment', 'envoy.tracers.opentelemetry.resource_detectors'],
  ['envoy.tracers.opentelemetry.resource_detectors.static_config', 'envoy.tracers.opentelemetry.resource_detectors'],
] as const;

/** The bootstrap's node with what this proxy is and can do. */
export function weftNode(node: NodeJson): NodeJson {
  return {
    ...node,
    userAgentName: 'weft',
    userAgentVersion: proxyVersion,
    extensions: [...(node.extensions ?? []), ...extensions.map(([name, category]) => ({ name, category }))],
  };
}
