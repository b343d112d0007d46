import { type DescMessage, fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import { type ClusterJson, ClusterSchema } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import { type ClusterLoadAssignmentJson, ClusterLoadAssignmentSchema } from '@weft/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import { type ListenerJson, ListenerSchema } from '@weft/envoy-api/envoy/config/listener/v3/listener_pb';
import { type RouteConfigurationJson, RouteConfigurationSchema } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import { type SecretJson, SecretSchema } from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { registry } from '@weft/envoy-api/registry';
import { err, ok, type Result } from '../base/result.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { pushOrder, typeUrls, type XdsType } from './type-urls.ts';

/** The protojson type of each xDS resource. */
export interface XdsJson {
  readonly cds: ClusterJson;
  readonly eds: ClusterLoadAssignmentJson;
  readonly lds: ListenerJson;
  readonly rds: RouteConfigurationJson;
  readonly sds: SecretJson;
}

/** One resource as the wire carries it. */
export interface XdsResource {
  readonly type: XdsType;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A resource that could not be encoded or decoded. */
export interface XdsProblem {
  readonly typeUrl: string;
  readonly name: string;
  readonly message: string;
}

/** Encodes one resource given in protojson form. Throws when the form is not valid for its type: a mistake of its maker. */
export function encodeResource(typeUrl: string, json: object): Uint8Array {
  const schema = schemaOf(typeUrl);
  return toBinary(schema, fromJson(schema, json as JsonValue, { registry }));
}

/** Decodes one resource to protojson form; throws on bytes that are not of the type. */
export function decodeResource(typeUrl: string, bytes: Uint8Array): JsonValue {
  const schema = schemaOf(typeUrl);
  return toJson(schema, fromBinary(schema, bytes), { registry });
}

/** As `decodeResource`, with the failure as a value: what a client answers with a NACK. */
export function tryDecodeResource(typeUrl: string, bytes: Uint8Array): Result<JsonValue, string> {
  try {
    return ok(decodeResource(typeUrl, bytes));
  } catch (error) {
    return err(`cannot decode ${typeUrl}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The resources of one type in a snapshot. */
export function resourcesOf<T extends XdsType>(snapshot: Snapshot, type: T): readonly XdsJson[T][] {
  const lists: { readonly [K in XdsType]: readonly XdsJson[K][] } = {
    cds: snapshot.clusters,
    eds: snapshot.endpoints,
    lds: snapshot.listeners,
    rds: snapshot.routes,
    sds: snapshot.secrets,
  };
  return lists[type];
}

/** The name of a resource: `clusterName` for endpoints, `name` for all others. */
export function resourceName(type: XdsType, json: object): string {
  const name = (json as Readonly<Record<string, unknown>>)[type === 'eds' ? 'clusterName' : 'name'];
  return typeof name === 'string' ? name : '';
}

/** Encodes a snapshot, in the order of a push. */
export function encodeSnapshot(snapshot: Snapshot): readonly XdsResource[] {
  return pushOrder.flatMap((type) =>
    resourcesOf(snapshot, type).map((json) => ({ type, name: resourceName(type, json), bytes: encodeResource(typeUrls[type], json) })),
  );
}

/** Decodes resources into a snapshot sorted by name; resources that fail are reported all together. */
export function decodeSnapshot(resources: readonly XdsResource[]): Result<Snapshot, readonly XdsProblem[]> {
  const lists: Record<XdsType, object[]> = { cds: [], eds: [], lds: [], rds: [], sds: [] };
  const problems: XdsProblem[] = [];
  for (const { type, name, bytes } of resources) {
    const decoded = tryDecodeResource(typeUrls[type], bytes);
    if (decoded.ok) lists[type].push(decoded.value as object);
    else problems.push({ typeUrl: typeUrls[type], name, message: decoded.error });
  }
  if (problems.length > 0) return err(problems);
  return ok(snapshotOf(lists));
}

/** A snapshot from lists of resources, sorted by name. */
export function snapshotOf(lists: Readonly<Record<XdsType, readonly object[]>>): Snapshot {
  const sorted = <T extends XdsType>(type: T): XdsJson[T][] =>
    [...(lists[type] as readonly XdsJson[T][])].sort((a, b) => compareText(resourceName(type, a), resourceName(type, b)));
  return { clusters: sorted('cds'), endpoints: sorted('eds'), listeners: sorted('lds'), routes: sorted('rds'), secrets: sorted('sds') };
}

const schemas: ReadonlyMap<string, DescMessage> = new Map<string, DescMessage>([
  [typeUrls.cds, ClusterSchema],
  [typeUrls.eds, ClusterLoadAssignmentSchema],
  [typeUrls.lds, ListenerSchema],
  [typeUrls.rds, RouteConfigurationSchema],
  [typeUrls.sds, SecretSchema],
]);

function schemaOf(typeUrl: string): DescMessage {
  const schema = schemas.get(typeUrl) ?? registry.getMessage(typeUrl.slice(typeUrl.lastIndexOf('/') + 1));
  if (!schema) throw new Error(`no message type for ${typeUrl}`);
  return schema;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
