import { err, ok, type Result } from '../base/result.ts';
import { defaultMeshConfig } from './default-mesh-config.ts';
import type { MeshConfig, MeshNetworks } from './mesh-config.ts';
import { meshConfigSchema, meshNetworksSchema, proxyConfigSchema } from './mesh-config-schema.ts';
import type { ProxyConfigSettings } from './proxy-config.ts';
import type { SchemaNode } from './schema-node.ts';
import { checkSchema } from './validation/check-schema.ts';
import { createReport } from './validation/report.ts';
import { loadYaml } from './yaml.ts';

/** Why a configuration text could not be used. */
export interface ConfigurationProblem {
  readonly message: string;
}

/**
 * A mesh configuration from YAML text; what is left out gets Istio's default, empty text gives all defaults. Also reads what holds a mesh configuration: the
 * ConfigMap `istio` (`data.mesh`) and an IstioOperator (`spec.meshConfig`). Unknown fields are ignored.
 */
export function parseMeshConfig(text: string): Result<MeshConfig, ConfigurationProblem> {
  const written = readMeshConfigText(text);
  return written.ok ? mergeMeshConfig(defaultMeshConfig, written.value) : written;
}

/** The settings that such a text writes, without the defaults. */
export function readMeshConfigText(text: string): Result<Readonly<Record<string, unknown>>, ConfigurationProblem> {
  return readText(text, (value) => configMapText(value, 'mesh') ?? operatorField(value, 'meshConfig') ?? value);
}

/** Mesh networks from YAML text, which may also be the ConfigMap `istio` (`data.meshNetworks`). Empty text gives no networks. */
export function parseMeshNetworks(text: string): Result<MeshNetworks, ConfigurationProblem> {
  const written = readText(text, (value) => configMapText(value, 'meshNetworks') ?? value);
  if (!written.ok) return written;
  const problem = typeProblem(meshNetworksSchema, written.value);
  if (problem !== null) return err({ message: problem });
  return ok({ networks: (withoutNulls(written.value).networks ?? {}) as MeshNetworks['networks'] });
}

/** The settings in an annotation `proxy.istio.io/config`. */
export function parseProxyConfig(text: string): Result<ProxyConfigSettings, ConfigurationProblem> {
  const written = readText(text, (value) => value);
  if (!written.ok) return written;
  const problem = typeProblem(proxyConfigSchema, written.value);
  return problem === null ? ok(withoutNulls(written.value) as ProxyConfigSettings) : err({ message: problem });
}

/** A mesh configuration with what `written` says on top: messages are merged field by field, lists and plain values replaced. */
export function mergeMeshConfig(base: MeshConfig, written: Readonly<Record<string, unknown>>): Result<MeshConfig, ConfigurationProblem> {
  const problem = typeProblem(meshConfigSchema, written);
  if (problem !== null) return err({ message: problem });
  return ok(mergeFields(base as unknown as Readonly<Record<string, unknown>>, withoutNulls(written)) as unknown as MeshConfig);
}

const replacedFields: ReadonlySet<string> = new Set([
  'defaultHttpRetryPolicy',
  'defaultInboundHttpRetryPolicy',
  'tracing',
  'image',
  'defaultProviders',
]);

function mergeFields(
  base: Readonly<Record<string, unknown>>,
  written: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(written)) {
    const known = base[key];
    merged[key] = isRecord(known) && isRecord(value) && !replacedFields.has(key) ? mergeFields(known, value) : value;
  }
  return merged;
}

function readText(
  text: string,
  pick: (value: Readonly<Record<string, unknown>>) => unknown,
): Result<Readonly<Record<string, unknown>>, ConfigurationProblem> {
  if (text.split('\n').every(isBlankLine)) return ok({});
  const loaded = loadYaml(text);
  if (!loaded.ok)
    return err({ message: `not valid YAML: ${loaded.error.message} (line ${loaded.error.line}, column ${loaded.error.column})` });
  const value = isRecord(loaded.value) ? pick(loaded.value) : loaded.value;
  if (typeof value === 'string' && value !== loaded.value) return readText(value, (inner) => inner);
  if (value === null || value === undefined) return ok({});
  return isRecord(value) ? ok(value) : err({ message: 'expected a mapping of settings' });
}

function isBlankLine(line: string): boolean {
  const written = line.trim();
  return written === '' || written === '---' || written.startsWith('#');
}

function configMapText(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return value.kind === 'ConfigMap' ? ((isRecord(value.data) ? value.data[key] : undefined) ?? {}) : undefined;
}

function operatorField(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return value.kind === 'IstioOperator' ? ((isRecord(value.spec) ? value.spec[key] : undefined) ?? {}) : undefined;
}

/** The first field whose type is wrong, or null. Fields that nobody knows do no harm. */
function typeProblem(schema: SchemaNode, value: Readonly<Record<string, unknown>>): string | null {
  const { report, validity } = createReport();
  checkSchema(schema, value, '', new Map(), {
    ...report,
    schema: (path, message) => message.startsWith('unknown field') || report.schema(path, message),
  });
  const first = validity().errors[0];
  return first ? `${first.path}: ${first.message}` : null;
}

/** Null means "not set" in a configuration. */
function withoutNulls(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([key, field]) => [key, isRecord(field) ? withoutNulls(field) : field]),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
