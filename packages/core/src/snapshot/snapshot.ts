import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { ClusterLoadAssignmentJson } from '@weft/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import type { ListenerJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_pb';
import type { RouteConfigurationJson } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import type { SecretJson } from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/secret_pb';

/**
 * What one proxy is sent: the five xDS resource types in protojson form (camelCase fields, durations as `"0.250s"`, wrappers and
 * enums as plain values, `Any` inline as `{ "@type": … }`). Each list is sorted by name and holds a name once.
 */
export interface Snapshot {
  readonly clusters: readonly ClusterJson[];
  readonly endpoints: readonly ClusterLoadAssignmentJson[];
  readonly listeners: readonly ListenerJson[];
  readonly routes: readonly RouteConfigurationJson[];
  readonly secrets: readonly SecretJson[];
}

/** An inline `Any` of protojson: the type URL under `@type`, the message's fields beside it. */
export type TypedConfig<T> = T & { readonly '@type': string };
