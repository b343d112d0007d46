import type { Snapshot } from '@weft/core/snapshot/snapshot';

/** The kinds of discovered resources: the lists of a snapshot, and single filters (`TypedExtensionConfig`) that listeners refer to. */
export type ResourceKind = keyof Snapshot | 'extensions';

/** All kinds, in the order in which a proxy should learn them. */
export const resourceKinds: readonly ResourceKind[] = ['clusters', 'endpoints', 'listeners', 'routes', 'secrets', 'extensions'];

/** Type URLs by kind. */
export const typeUrlByKind: Readonly<Record<ResourceKind, string>> = {
  clusters: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoints: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listeners: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  routes: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  secrets: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
  extensions: 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
};

/** gRPC services of sources that are not aggregated, and the tails of their two methods' names. */
export const serviceByKind: Readonly<Record<ResourceKind, { readonly service: string; readonly method: string }>> = {
  clusters: { service: 'envoy.service.cluster.v3.ClusterDiscoveryService', method: 'Clusters' },
  endpoints: { service: 'envoy.service.endpoint.v3.EndpointDiscoveryService', method: 'Endpoints' },
  listeners: { service: 'envoy.service.listener.v3.ListenerDiscoveryService', method: 'Listeners' },
  routes: { service: 'envoy.service.route.v3.RouteDiscoveryService', method: 'Routes' },
  secrets: { service: 'envoy.service.secret.v3.SecretDiscoveryService', method: 'Secrets' },
  extensions: { service: 'envoy.service.extension.v3.ExtensionConfigDiscoveryService', method: 'ExtensionConfigs' },
};

/** The kind of a type URL; null for one that is not used. */
export function kindOf(typeUrl: string): ResourceKind | null {
  return resourceKinds.find((kind) => typeUrlByKind[kind] === typeUrl) ?? null;
}

/** A resource's name; a listener without one is known by its address. */
export function nameOf(resource: object): string {
  const { name, clusterName } = resource as { name?: string; clusterName?: string };
  if (clusterName !== undefined) return clusterName;
  return name ?? JSON.stringify((resource as { address?: unknown }).address ?? '');
}

/** A map of its own for each kind. */
export function perKind<T>(make: () => T): Record<ResourceKind, T> {
  return { clusters: make(), endpoints: make(), listeners: make(), routes: make(), secrets: make(), extensions: make() };
}
