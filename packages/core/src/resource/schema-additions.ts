import type { SchemaNode } from './schema-node.ts';

const labels: SchemaNode = { type: 'object', additionalProperties: { type: 'string', maxLength: 63 }, maxProperties: 4096 };

/** Schemas of kinds that are younger than the generated ones, built from those where they share parts. */
export function addedSchemas(generated: Readonly<Record<string, SchemaNode>>): Readonly<Record<string, SchemaNode>> {
  const plugin = generated.WasmPlugin?.properties ?? {};
  const { url, sha256, imagePullPolicy, imagePullSecret, verificationKey, pluginConfig, pluginName, failStrategy, vmConfig, type } = plugin;
  const wasm = { url, sha256, imagePullPolicy, imagePullSecret, verificationKey, pluginConfig, pluginName, failStrategy, vmConfig, type };
  return {
    TrafficExtension: {
      type: 'object',
      properties: {
        selector: { type: 'object', properties: { matchLabels: labels } },
        ...present({ targetRefs: plugin.targetRefs, match: plugin.match, priority: plugin.priority }),
        phase: {
          type: 'string',
          enum: [
            'EXECUTION_PHASE_UNSPECIFIED',
            'EXECUTION_PHASE_AUTHN',
            'EXECUTION_PHASE_AUTHZ',
            'EXECUTION_PHASE_STATS',
            'UNSPECIFIED',
            'AUTHN',
            'AUTHZ',
            'STATS',
          ],
        },
        wasm: { type: 'object', properties: present(wasm), required: ['url'] },
        lua: { type: 'object', properties: { inlineCode: { type: 'string', minLength: 1, maxLength: 65_536 } }, required: ['inlineCode'] },
      },
    },
  };
}

function present(properties: Readonly<Record<string, SchemaNode | undefined>>): Record<string, SchemaNode> {
  const result: Record<string, SchemaNode> = {};
  for (const [name, schema] of Object.entries(properties)) if (schema) result[name] = schema;
  return result;
}
