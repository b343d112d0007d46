import type { SchemaNode } from './schema-node.ts';

type Schemas = Readonly<Record<string, SchemaNode>>;

const text: SchemaNode = { type: 'string' };
/** Phases have a long name in the definition and a short one in Istio's documentation. */
const phases = ['UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS'];
const labels: SchemaNode = { type: 'object', additionalProperties: { type: 'string', maxLength: 63 }, maxProperties: 4096 };

const flag: SchemaNode = { type: 'boolean' };
const texts: SchemaNode = { type: 'array', items: text };
const count: SchemaNode = { type: 'integer', minimum: 0, maximum: 4_294_967_295 };

const message = (properties: Readonly<Record<string, SchemaNode>>): SchemaNode => ({ type: 'object', properties });

/** Where a DestinationRule holds traffic policies, and where such that ports can have of their own. */
const policies = ['trafficPolicy', 'subsets.*.trafficPolicy'];
const portPolicies = policies.flatMap((policy) => [policy, `${policy}.portLevelSettings.*`]);
const connectionPools = portPolicies.map((policy) => `${policy}.connectionPool`);
const serverTls = { alpnProtocols: texts, ecdhCurves: texts, insecureSkipVerify: flag };
const http2KeepAlive = { http2KeepAlive: message({ interval: text, timeout: text }) };
const loadBalancer = {
  backendUtilization: message({
    weightStabilizationPeriod: text,
    weightExpirationPeriod: text,
    weightUpdatePeriod: text,
    errorUtilizationPenaltyPercent: count,
    metricNamesForComputingUtilization: texts,
  }),
  zoneAwareLbSetting: message({
    enabled: flag,
    failover: { type: 'array', items: message({ from: text, to: text }) },
    failoverPriority: texts,
    minClusterSize: { ...count, minimum: 1 },
  }),
};
const outlierDetection = {
  outlierDetectionHttpErrorCodes: { type: 'array', items: { type: 'integer', minimum: 100, maximum: 599 } },
  failurePercentageThreshold: { type: 'integer', minimum: 0, maximum: 100 },
} as const;

/** Fields younger than the generated schemas: kind, the field's parent (`*` for the items of a list), the fields by name. */
const addedFields: readonly (readonly [string, string, Readonly<Record<string, SchemaNode>>])[] = [
  ['AuthorizationPolicy', 'rules.*.from.*.source', { trustDomains: texts, notTrustDomains: texts }],
  ['RequestAuthentication', 'jwtRules.*', { presence: { type: 'string', enum: ['OPTIONAL', 'REQUIRED'] } }],
  ['VirtualService', 'tcp.*', { name: text }],
  ['VirtualService', 'tls.*', { name: text }],
  ['VirtualService', 'http.*.redirect', { prefixRewrite: text }],
  ['Gateway', 'servers.*.tls', serverTls],
  ['EnvoyFilter', 'configPatches.*.match.listener.filterChain', { transportSocket: text }],
  ['Telemetry', 'tracing.*', { disableContextPropagation: flag }],
  ['Sidecar', 'ingress.*.tls', serverTls],
  ['Sidecar', 'ingress.*.connectionPool.http', http2KeepAlive],
  ['Sidecar', 'inboundConnectionPool.http', http2KeepAlive],
  ...connectionPools.map((pool) => ['DestinationRule', `${pool}.http`, http2KeepAlive] as const),
  ...portPolicies.map((policy) => ['DestinationRule', `${policy}.loadBalancer`, loadBalancer] as const),
  ...portPolicies.map((policy) => ['DestinationRule', `${policy}.outlierDetection`, outlierDetection] as const),
  ...portPolicies.map((policy) => ['DestinationRule', `${policy}.tls`, { caCertCredentialName: text }] as const),
  ...policies.map((policy) => ['DestinationRule', `${policy}.retryBudget`, { budgetInterval: text }] as const),
];

/** Nodes that have changed since: what excludes each other, and values of enumerations. */
const changedNodes: readonly (readonly [string, string, (node: SchemaNode) => SchemaNode])[] = [
  ...portPolicies.map((policy) => ['DestinationRule', `${policy}.loadBalancer`, withUtilizationAsPolicy] as const),
  [
    'EnvoyFilter',
    'configPatches.*.patch.operation',
    (node: SchemaNode) => ({ ...node, enum: [...(node.enum ?? []), 'MERGE_AND_REPLACE_LIST'] }),
  ],
];

/** The schemas of all kinds: the generated ones, with fields and kinds that are younger than those. */
export function completeSchemas(generated: Schemas): Schemas {
  const schemas: Record<string, SchemaNode> = { ...generated, TrafficExtension: trafficExtension(generated.WasmPlugin?.properties ?? {}) };
  const change = (kind: string, path: string, changed: (node: SchemaNode) => SchemaNode) => {
    const known = schemas[kind];
    if (known) schemas[kind] = changeAt(known, path.split('.'), changed);
  };
  for (const [kind, path, fields] of addedFields)
    change(kind, path, (node) => ({ ...node, properties: { ...fields, ...node.properties } }));
  for (const [kind, path, changed] of changedNodes) change(kind, path, changed);
  return schemas;
}

function changeAt(node: SchemaNode, steps: readonly string[], changed: (node: SchemaNode) => SchemaNode): SchemaNode {
  const [step, ...rest] = steps;
  if (step === undefined) return changed(node);
  if (step === '*') return node.items ? { ...node, items: changeAt(node.items, rest, changed) } : node;
  const child = node.properties?.[step];
  return child ? { ...node, properties: { ...node.properties, [step]: changeAt(child, rest, changed) } } : node;
}

function withUtilizationAsPolicy(node: SchemaNode): SchemaNode {
  const choices = node.oneOf?.map((choice) =>
    choice.fields.includes('simple') ? { ...choice, fields: [...choice.fields, 'backendUtilization'] } : choice,
  );
  return choices ? { ...node, oneOf: choices } : node;
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
