import type { Snapshot } from '@weft/core/snapshot/snapshot';

/** The five kinds of resources, by their list in a snapshot. */
export type ResourceKind = keyof Snapshot;

/** Type URLs by kind, in the order in which a proxy should learn them. */
export const typeUrlByKind: Readonly<Record<ResourceKind, string>> = {
  clusters: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoints: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listeners: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  routes: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  secrets: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
};

/** The kind of a type URL; null for one that is not used. */
export function kindOf(typeUrl: string): ResourceKind | null {
  for (const [kind, url] of Object.entries(typeUrlByKind)) if (url === typeUrl) return kind as ResourceKind;
  return null;
}

/** Short names of the discovery services. */
export const serviceByKind: Readonly<Record<ResourceKind, string>> = {
  clusters: 'cds',
  endpoints: 'eds',
  listeners: 'lds',
  routes: 'rds',
  secrets: 'sds',
};
