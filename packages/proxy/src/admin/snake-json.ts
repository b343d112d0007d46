import { fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import { registry } from '@weft/envoy-api/registry';

/** A resource in protojson with the names of its proto files (`connect_timeout`), as Envoy's admin interface prints it. */
export function snakeJson(resource: object, typeUrl: string): JsonValue {
  const schema = registry.getMessage(typeUrl.slice(typeUrl.lastIndexOf('/') + 1));
  if (schema === undefined) return resource as JsonValue;
  const message = fromJson(schema, resource as JsonValue, { registry, ignoreUnknownFields: true });
  return toJson(schema, message, { registry, useProtoFieldName: true });
}

const redactedText = '[redacted]';
const redactedBytes = Buffer.from(redactedText).toString('base64');

/** Fields that hold secrets themselves; what stands below them is hidden, whatever its form. */
const secretFields: ReadonlySet<string> = new Set(['private_key', 'password', 'pkcs12', 'session_ticket_keys', 'generic_secret']);

/** A copy in which secrets are hidden as Envoy hides them. */
export function redacted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(redacted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([key, child]) => [key, secretFields.has(key) ? hidden(key, child) : redacted(child)] as const);
  return Object.fromEntries(fields);
}

function hidden(key: string, value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item) => hidden(key, item));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, hidden(name, child)]));
  if (typeof value !== 'string') return value;
  // Where a secret is to be found is none.
  if (key === 'filename' || key === 'environment_variable') return value;
  return key === 'inline_bytes' ? redactedBytes : redactedText;
}
