import type { ResourceKind } from './resource-kinds.ts';

/** Names of other resources that one resource needs. */
export interface References {
  readonly routes: ReadonlySet<string>;
  readonly endpoints: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
}

const known = new WeakMap<object, References>();

/** What a cluster or listener refers to: RDS, EDS and SDS names that come from the discovery stream. */
export function referencesOf(kind: ResourceKind, resource: object): References {
  const cached = known.get(resource);
  if (cached !== undefined) return cached;
  const found = { routes: new Set<string>(), endpoints: new Set<string>(), secrets: new Set<string>() };
  if (kind === 'clusters') collectEds(resource as ClusterLike, found.endpoints);
  walk(resource, found);
  known.set(resource, found);
  return found;
}

interface ClusterLike {
  readonly name?: string;
  readonly type?: string;
  readonly edsClusterConfig?: { readonly serviceName?: string };
}

function collectEds(cluster: ClusterLike, names: Set<string>): void {
  if (cluster.type === 'EDS') names.add(cluster.edsClusterConfig?.serviceName || (cluster.name ?? ''));
}

interface Found {
  readonly routes: Set<string>;
  readonly secrets: Set<string>;
}

function walk(value: unknown, found: Found): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    if (key === 'rds' && hasText(child, 'routeConfigName')) found.routes.add(child.routeConfigName);
    else if (isSecretKey(key)) collectSecrets(child, found.secrets);
    walk(child, found);
  }
}

function isSecretKey(key: string): boolean {
  return key === 'tlsCertificateSdsSecretConfigs' || key === 'validationContextSdsSecretConfig';
}

function collectSecrets(value: unknown, names: Set<string>): void {
  for (const item of Array.isArray(value) ? value : [value]) if (hasText(item, 'name')) names.add(item.name);
}

function hasText<K extends string>(value: unknown, key: K): value is Record<K, string> {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[key] === 'string';
}
