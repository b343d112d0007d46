import { type DescMessage, fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import { ClusterSchema } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import { FilterChainSchema, FilterSchema, ListenerFilterSchema } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import { ListenerSchema } from '@weft/envoy-api/envoy/config/listener/v3/listener_pb';
import { RouteSchema, VirtualHostSchema } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import { RouteConfigurationSchema } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import { HttpFilterSchema } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { registry } from '@weft/envoy-api/registry';
import type { JsonObject } from './merge-json.ts';

const schemas: Readonly<Record<string, DescMessage>> = {
  CLUSTER: ClusterSchema,
  LISTENER: ListenerSchema,
  LISTENER_FILTER: ListenerFilterSchema,
  FILTER_CHAIN: FilterChainSchema,
  NETWORK_FILTER: FilterSchema,
  HTTP_FILTER: HttpFilterSchema,
  ROUTE_CONFIGURATION: RouteConfigurationSchema,
  VIRTUAL_HOST: VirtualHostSchema,
  HTTP_ROUTE: RouteSchema,
};

/** What EnvoyFilter patches can be applied to here. */
export type PatchTarget =
  | 'CLUSTER'
  | 'LISTENER'
  | 'LISTENER_FILTER'
  | 'FILTER_CHAIN'
  | 'NETWORK_FILTER'
  | 'HTTP_FILTER'
  | 'ROUTE_CONFIGURATION'
  | 'VIRTUAL_HOST'
  | 'HTTP_ROUTE';

/** Whether patches of this kind are applied at all; bootstrap and extension configuration are not. */
export function isPatchTarget(applyTo: string): applyTo is PatchTarget {
  return Object.hasOwn(schemas, applyTo);
}

/**
 * The value of a patch in the form of the snapshot. It is written in either spelling of field names; null when it is no message of that kind or holds an
 * extension that is not known, because then nobody could tell what it does.
 */
export function patchValue(applyTo: PatchTarget, value: unknown): JsonObject | null {
  const schema = schemas[applyTo];
  if (!schema || value === null || typeof value !== 'object') return null;
  try {
    return toJson(schema, fromJson(schema, value as JsonValue, { registry }), { registry }) as JsonObject;
  } catch {
    return null;
  }
}
