import { parsePath } from './field-path.ts';
import { kindSchema, servedVersions } from './kind-schemas.ts';
import { type KindKey, kindGroup } from './kinds.ts';
import type { SchemaNode } from './schema-node.ts';

/** A JSON schema, draft 7, as far as it is used here. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** What an editor shows about a field: its type, what it means, and what it may hold. */
export interface FieldInfo {
  /** `string`, `list of string`, `mapping`. */
  readonly type: string;
  readonly description: string;
  readonly values: readonly (string | number)[];
  readonly isRequired: boolean;
}

/** The JSON schema of whole resources of a kind, or null for kinds without one. */
export function jsonSchema(key: KindKey): JsonSchema | null {
  const versions = servedVersions(key);
  const spec = kindSchema(key, versions?.[0] ?? 'v1');
  if (!spec) return null;
  const { group, kind } = kindGroup(key);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: kind,
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata'],
    properties: {
      apiVersion: { type: 'string', ...(versions && { enum: versions.map((version) => `${group}/${version}`) }) },
      kind: { type: 'string', enum: [kind] },
      metadata,
      spec: toJsonSchema(spec),
      status: { type: 'object' },
    },
    additionalProperties: false,
  };
}

/** What is known about the field at a path such as `spec.http[0].retries`, or null when the schema has no such field. */
export function fieldInfo(key: KindKey, path: string): FieldInfo | null {
  const found = findNode(key, path);
  return found ? describe(found.node, found.isRequired) : null;
}

/** The fields that may be written below a path, by name; for lists the fields of an item. */
export function fieldsBelow(key: KindKey, path: string): Readonly<Record<string, FieldInfo>> {
  const node = findNode(key, path)?.node;
  const holder = node?.type === 'array' ? node.items : node;
  const fields = Object.entries(holder?.properties ?? {});
  return Object.fromEntries(fields.map(([name, field]) => [name, describe(field, holder?.required?.includes(name) ?? false)]));
}

const texts: JsonSchema = { type: 'object', additionalProperties: { type: 'string' } };
const metadata: JsonSchema = {
  type: 'object',
  required: ['name'],
  properties: { name: { type: 'string' }, namespace: { type: 'string' }, labels: texts, annotations: texts },
};

function toJsonSchema(node: SchemaNode): JsonSchema {
  const { type, oneOf: _exclusive, format: _format, properties, additionalProperties, items, ...limits } = node;
  return {
    ...limits,
    ...(type && { type: type === 'int-or-string' ? ['integer', 'string'] : type }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, toJsonSchema(child)])),
      additionalProperties: false,
    }),
    ...(additionalProperties && { additionalProperties: toJsonSchema(additionalProperties) }),
    ...(items && { items: toJsonSchema(items) }),
  };
}

function findNode(key: KindKey, path: string): { readonly node: SchemaNode; readonly isRequired: boolean } | null {
  const [first, ...steps] = parsePath(path);
  const spec = kindSchema(key, servedVersions(key)?.[0] ?? 'v1');
  if (!spec || first !== 'spec') return null;
  let node: SchemaNode = spec;
  let isRequired = false;
  for (const step of steps) {
    const next = typeof step === 'number' ? node.items : (node.properties?.[step] ?? node.additionalProperties);
    if (!next) return null;
    isRequired = typeof step === 'string' && (node.required?.includes(step) ?? false);
    node = next;
  }
  return { node, isRequired };
}

function describe(node: SchemaNode, isRequired: boolean): FieldInfo {
  return { type: typeName(node), description: node.description ?? '', values: node.enum ?? node.items?.enum ?? [], isRequired };
}

function typeName(node: SchemaNode): string {
  if (node.type === 'array') return `list of ${node.items ? typeName(node.items) : 'anything'}`;
  if (node.type === 'object') return node.additionalProperties ? `mapping to ${typeName(node.additionalProperties)}` : 'mapping';
  return node.type === 'int-or-string' ? 'integer or string' : (node.type ?? 'anything');
}
