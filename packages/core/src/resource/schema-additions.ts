import type { SchemaNode } from './schema-node.ts';

type Schemas = Readonly<Record<string, SchemaNode>>;

const text: SchemaNode = { type: 'string' };
/** Phases have a long name in the definition and a short one in Istio's documentation. */
const phases = ['UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS'];
const labels: SchemaNode = { type: 'object', additionalProperties: { type: 'string', maxLength: 63 }, maxProperties: 4096 };

/** Fields younger than the generated schemas: kind, the steps to the field's parent (`*` for the items of a list), name and schema. */
const addedFields: readonly (readonly [string, readonly string[], string, SchemaNode])[] = [
  ['AuthorizationPolicy', ['rules', '*', 'from', '*', 'source'], 'trustDomains', { type: 'array', items: text }],
  ['AuthorizationPolicy', ['rules', '*', 'from', '*', 'source'], 'notTrustDomains', { type: 'array', items: text }],
  ['VirtualService', ['tcp', '*'], 'name', text],
  ['VirtualService', ['tls', '*'], 'name', text],
];

/** The schemas of all kinds: the generated ones, with fields and kinds that are younger than those. */
export function completeSchemas(generated: Schemas): Schemas {
  const schemas: Record<string, SchemaNode> = { ...generated, TrafficExtension: trafficExtension(generated.WasmPlugin?.properties ?? {}) };
  for (const [kind, steps, name, schema] of addedFields) {
    const known = schemas[kind];
    if (known) schemas[kind] = withField(known, steps, name, schema);
  }
  return schemas;
}

function withField(node: SchemaNode, steps: readonly string[], name: string, schema: SchemaNode): SchemaNode {
  const [step, ...rest] = steps;
  if (step === undefined) return { ...node, properties: { [name]: schema, ...node.properties } };
  if (step === '*') return node.items ? { ...node, items: withField(node.items, rest, name, schema) } : node;
  const child = node.properties?.[step];
  return child ? { ...node, properties: { ...node.properties, [step]: withField(child, rest, name, schema) } } : node;
}

/** A TrafficExtension shares most of its fields with a WasmPlugin. */
function trafficExtension(plugin: Schemas): SchemaNode {
  const { url, sha256, imagePullPolicy, imagePullSecret, verificationKey, pluginConfig, pluginName, failStrategy, vmConfig, type } = plugin;
  const wasm = { url, sha256, imagePullPolicy, imagePullSecret, verificationKey, pluginConfig, pluginName, failStrategy, vmConfig, type };
  return {
    type: 'object',
    properties: {
      selector: { type: 'object', properties: { matchLabels: labels } },
      ...present({ targetRefs: plugin.targetRefs, match: plugin.match, priority: plugin.priority }),
      phase: { type: 'string', enum: [...phases.map((phase) => `EXECUTION_PHASE_${phase}`), ...phases] },
      wasm: { type: 'object', properties: present(wasm), required: ['url'] },
      lua: { type: 'object', properties: { inlineCode: { type: 'string', minLength: 1, maxLength: 65_536 } }, required: ['inlineCode'] },
    },
  };
}

function present(properties: Readonly<Record<string, SchemaNode | undefined>>): Record<string, SchemaNode> {
  const result: Record<string, SchemaNode> = {};
  for (const [name, schema] of Object.entries(properties)) if (schema) result[name] = schema;
  return result;
}
