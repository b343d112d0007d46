/** Type URLs of the xDS resources, by Istio's short names. */
export const typeUrls = {
  cds: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  eds: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  lds: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  rds: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  sds: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
} as const;

/** Short name of an xDS resource type. */
export type XdsType = keyof typeof typeUrls;

/** The order of a push: make before break. */
export const pushOrder: readonly XdsType[] = ['cds', 'eds', 'lds', 'rds', 'sds'];

/** The short name of a type URL; null for types that Weft does not serve. */
export function xdsTypeOf(typeUrl: string): XdsType | null {
  for (const type of pushOrder) if (typeUrls[type] === typeUrl) return type;
  return null;
}
