import { type ConfigSource, type ConfigSourceShape, readConfigSource } from './config-source.ts';
import type { ResourceKind } from './resource-kinds.ts';

/** Other resources that one resource needs: where each is to come from, by its name. Static secrets are none of these. */
export type References = Readonly<Record<ReferencedKind, ReadonlyMap<string, ConfigSource>>>;

/** Kinds that others refer to by name. */
export type ReferencedKind = 'routes' | 'endpoints' | 'secrets' | 'extensions';

export const referencedKinds: readonly ReferencedKind[] = ['endpoints', 'routes', 'secrets', 'extensions'];

const known = new WeakMap<object, References>();

/** What a cluster or listener refers to: EDS, RDS, SDS and ECDS names. */
export function referencesOf(kind: ResourceKind, resource: object): References {
  const cached = known.get(resource);
  if (cached !== undefined) return cached;
  const found: Found = { routes: new Map(), endpoints: new Map(), secrets: new Map(), extensions: new Map() };
  if (kind === 'clusters') collectEds(resource as ClusterShape, found.endpoints);
  walk(resource, found);
  known.set(resource, found);
  return found;
}

type Found = Record<ReferencedKind, Map<string, ConfigSource>>;

interface ClusterShape {
  readonly name?: string;
  readonly type?: string;
  readonly edsClusterConfig?: { readonly serviceName?: string; readonly edsConfig?: ConfigSourceShape };
}

function collectEds(cluster: ClusterShape, names: Map<string, ConfigSource>): void {
  if (cluster.type !== 'EDS') return;
  const { serviceName, edsConfig } = cluster.edsClusterConfig ?? {};
  names.set(serviceName || (cluster.name ?? ''), readConfigSource(edsConfig ?? {}));
}

type Fields = Readonly<Record<string, unknown>>;

function walk(value: unknown, found: Found): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, found);
    return;
  }
  if (!isFields(value)) return;
  if (isFields(value.sdsConfig)) collect(found.secrets, value.name, value.sdsConfig);
  if (isFields(value.configDiscovery)) collectExtension(found.extensions, value.name, value.configDiscovery);
  for (const [key, child] of Object.entries(value)) {
    if (key === 'rds' && isFields(child)) collect(found.routes, child.routeConfigName, child.configSource);
    walk(child, found);
  }
}

function collect(names: Map<string, ConfigSource>, name: unknown, source: unknown): void {
  if (typeof name === 'string') names.set(name, readConfigSource(isFields(source) ? source : {}));
}

/** Without a default there is nothing to go on with: the filter is waited for however long it takes. */
function collectExtension(names: Map<string, ConfigSource>, name: unknown, discovery: Fields): void {
  collect(names, name, discovery.configSource);
  const source = typeof name === 'string' ? names.get(name) : undefined;
  if (source !== undefined && discovery.defaultConfig === undefined) names.set(String(name), { ...source, fetchTimeoutMs: 0 });
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
