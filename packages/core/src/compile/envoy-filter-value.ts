import { type DescMessage, fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import { ClusterSchema } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import { FilterChainSchema, FilterSchema, ListenerFilterSchema } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import { ListenerSchema } from '@weft/envoy-api/envoy/config/listener/v3/listener_pb';
import { RouteSchema, VirtualHostSchema } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import { RouteConfigurationSchema } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import { HttpFilterSchema } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { registry } from '@weft/envoy-api/registry';
import type { JsonObject } from './merge-json.ts';

const typePrefix = 'type.googleapis.com/';

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

/** A message that is always known, to stand for those that are not. */
const anyMessage = { '@type': `${typePrefix}envoy.extensions.filters.http.router.v3.Router` };

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

/**
 * What is wrong with a patch's value, as far as its messages are known here: types of values and messages of Envoy's former API are errors, fields that a
 * message has not are warnings, as Istio's webhook has it. Nothing is said of extensions that are not known.
 */
export function patchProblems(applyTo: string, value: unknown): { readonly error: string | null; readonly warnings: readonly string[] } {
  if (!isPatchTarget(applyTo) || typeof value !== 'object') return { error: null, warnings: [] };
  const schema = schemas[applyTo] as DescMessage;
  const former = formerTypes(value);
  if (former.length > 0) return { error: `${former.join(', ')} is of Envoy's former API; expected a type of version 3`, warnings: [] };
  const known = withKnownTypes(value) as JsonValue;
  const loose = decodeProblem(schema, known, true);
  if (loose !== null) return { error: loose, warnings: [] };
  const strict = decodeProblem(schema, known, false);
  return { error: null, warnings: strict === null ? [] : [strict] };
}

function decodeProblem(schema: DescMessage, value: JsonValue, ignoreUnknownFields: boolean): string | null {
  try {
    fromJson(schema, value, { registry, ignoreUnknownFields });
    return null;
  } catch (error) {
    return `is no ${schema.typeName}: ${(error as Error).message}`;
  }
}

function typeOf(value: object): string | null {
  const type = (value as { readonly '@type'?: unknown })['@type'];
  return typeof type === 'string' ? type.slice(type.lastIndexOf('/') + 1) : null;
}

function formerTypes(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const type = typeOf(value);
  const own = type !== null && /^envoy\..*\.v2(alpha\d*|beta\d*)?\./.test(type) ? [type] : [];
  return [...own, ...Object.values(value).flatMap(formerTypes)];
}

function withKnownTypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withKnownTypes);
  if (typeof value !== 'object' || value === null) return value;
  const type = typeOf(value);
  if (type !== null && registry.getMessage(type) === undefined) return anyMessage;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withKnownTypes(inner)]));
}
