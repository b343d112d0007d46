import type { JsonValue } from '@bufbuild/protobuf';
import { compileRegex } from '@weft/core/plan/regex';
import { nameOf, type ResourceKind, typeUrlByKind } from '../xds/resource-kinds.ts';
import { applyMask } from './field-mask.ts';
import type { ProxyInside } from './proxy-inside.ts';
import { redacted, snakeJson } from './snake-json.ts';

/** The query of `/config_dump`. */
interface DumpQuery {
  /** Field of a section whose elements are wanted, e.g. `static_clusters`. */
  readonly resource: string | null;
  readonly mask: string | null;
  readonly nameRegex: string | null;
  readonly includesEndpoints: boolean;
}

/** A dump, or why there is none. */
type DumpResult = { readonly ok: true; readonly dump: JsonValue } | { readonly ok: false; readonly status: number; readonly error: string };

type Section = { readonly [field: string]: JsonValue };

const types = 'type.googleapis.com/envoy.admin.v3.';

/** `/config_dump`: the bootstrap and every resource in force, in Envoy's shape, without secrets. */
export function configDump(proxy: ProxyInside, query: DumpQuery): DumpResult {
  const regex = query.nameRegex === null ? null : compileRegex(query.nameRegex);
  if (query.nameRegex !== null && regex === null) return { ok: false, status: 400, error: `Invalid name_regex: ${query.nameRegex}\n` };
  const isWanted = (name: string): boolean => regex === null || regex.matchesAll(name);
  const sections = allSections(proxy, isWanted, query.includesEndpoints);
  if (query.resource !== null) return elements(sections, query.resource, query.mask);
  const configs = query.mask === null ? sections : sections.flatMap((section) => applyMask(section, query.mask ?? '') ?? []);
  if (configs.length === 0) {
    return { ok: false, status: 400, error: `FieldMask ${query.mask} could not be successfully applied to any configs.` };
  }
  return { ok: true, dump: { configs: [...configs] } };
}

/** The elements of one field of the sections, each as a config of its own. */
function elements(sections: readonly Section[], resource: string, mask: string | null): DumpResult {
  for (const section of sections) {
    const found = section[resource];
    if (found === undefined) continue;
    const typeName = `${String(section['@type'])}.${elementTypes[resource] ?? ''}`;
    const items = (Array.isArray(found) ? found : [found]) as { [key: string]: JsonValue }[];
    const configs = items.map((item): JsonValue => {
      const typed = { '@type': Array.isArray(found) ? typeName : String(item['@type'] ?? typeName), ...item };
      return mask === null ? typed : (applyMask(typed, mask) ?? { '@type': typed['@type'] });
    });
    return { ok: true, dump: { configs } };
  }
  return { ok: false, status: 404, error: `${resource} not found in config dump` };
}

const elementTypes: Readonly<Record<string, string>> = {
  static_clusters: 'StaticCluster',
  dynamic_active_clusters: 'DynamicCluster',
  static_endpoint_configs: 'StaticEndpointConfig',
  dynamic_endpoint_configs: 'DynamicEndpointConfig',
  static_listeners: 'StaticListener',
  dynamic_listeners: 'DynamicListener',
  static_route_configs: 'StaticRouteConfig',
  dynamic_route_configs: 'DynamicRouteConfig',
  static_secrets: 'StaticSecret',
  dynamic_active_secrets: 'DynamicSecret',
};

function allSections(proxy: ProxyInside, isWanted: (name: string) => boolean, includesEndpoints: boolean): Section[] {
  const { resources } = proxy.store;
  const snapshot = proxy.store.snapshot();
  const lastUpdated = new Date(proxy.startedAt).toISOString();
  const shown = (kind: ResourceKind, resource: object): JsonValue => {
    const typeUrl = typeUrlByKind[kind];
    return { '@type': typeUrl, ...(redacted(snakeJson(resource, typeUrl)) as object) };
  };
  const split = (kind: ResourceKind, all: readonly object[], key: string) => {
    const wanted = all.filter((resource) => isWanted(nameOf(resource)));
    const fixed = wanted.filter((resource) => resources.isStatic(kind, nameOf(resource)));
    const told = wanted.filter((resource) => !resources.isStatic(kind, nameOf(resource)));
    return {
      fixed: fixed.map((resource): { [key: string]: JsonValue } => ({ [key]: shown(kind, resource), last_updated: lastUpdated })),
      told: told.map((resource): { [key: string]: JsonValue } => ({
        version_info: resources.versions(kind).get(nameOf(resource)) ?? '',
        [key]: shown(kind, resource),
      })),
    };
  };
  const clusters = split('clusters', snapshot.clusters, 'cluster');
  const listeners = split('listeners', snapshot.listeners, 'listener');
  const routes = split('routes', snapshot.routes, 'route_config');
  const inline = inlineRoutes(snapshot.listeners).filter((table) => isWanted(nameOf(table)));
  const inlineEntries = inline.map((table) => ({ route_config: shown('routes', table), last_updated: lastUpdated }));
  const sections: Section[] = [
    {
      '@type': `${types}BootstrapConfigDump`,
      bootstrap: redacted(snakeJson(proxy.bootstrap, 'envoy.config.bootstrap.v3.Bootstrap')),
      last_updated: lastUpdated,
    },
    {
      '@type': `${types}ClustersConfigDump`,
      ...filled('static_clusters', clusters.fixed),
      ...filled('dynamic_active_clusters', clusters.told),
    },
    {
      '@type': `${types}ListenersConfigDump`,
      ...filled('static_listeners', listeners.fixed),
      ...filled(
        'dynamic_listeners',
        listeners.told.map((active) => ({ name: nameOf(active.listener as object), active_state: active })),
      ),
    },
    {
      '@type': `${types}RoutesConfigDump`,
      ...filled('static_route_configs', [...routes.fixed, ...inlineEntries]),
      ...filled('dynamic_route_configs', routes.told),
    },
    {
      '@type': `${types}SecretsConfigDump`,
      ...secrets(snapshot.secrets, isWanted, (secret) => shown('secrets', secret), lastUpdated, proxy),
    },
  ];
  if (includesEndpoints) {
    const endpoints = split('endpoints', snapshot.endpoints, 'endpoint_config');
    const section = { '@type': `${types}EndpointsConfigDump`, ...filled('static_endpoint_configs', endpoints.fixed) };
    sections.splice(2, 0, { ...section, ...filled('dynamic_endpoint_configs', endpoints.told) });
  }
  return sections;
}

interface ListenerJson {
  readonly filterChains?: readonly ChainJson[];
  readonly defaultFilterChain?: ChainJson;
}

interface ChainJson {
  readonly filters?: readonly { readonly typedConfig?: { readonly routeConfig?: object } }[];
}

/** The route tables that stand in connection managers themselves. */
function inlineRoutes(listeners: readonly object[]): object[] {
  return (listeners as readonly ListenerJson[]).flatMap(({ filterChains = [], defaultFilterChain }) => {
    const chains = defaultFilterChain === undefined ? filterChains : [...filterChains, defaultFilterChain];
    return chains.flatMap(({ filters = [] }) => filters.flatMap(({ typedConfig }) => typedConfig?.routeConfig ?? []));
  });
}

function filled(field: string, values: readonly JsonValue[]): { [field: string]: JsonValue } {
  return values.length === 0 ? {} : { [field]: [...values] };
}

function secrets(
  all: readonly object[],
  isWanted: (name: string) => boolean,
  show: (secret: object) => JsonValue,
  lastUpdated: string,
  proxy: ProxyInside,
): Section {
  const { resources } = proxy.store;
  const entries = all
    .filter((secret) => isWanted(nameOf(secret)))
    .map((secret) => {
      const name = nameOf(secret);
      const isStatic = resources.isStatic('secrets', name);
      const version: { [key: string]: JsonValue } = isStatic ? {} : { version_info: resources.versions('secrets').get(name) ?? '' };
      const entry: JsonValue = { name, ...version, last_updated: lastUpdated, secret: show(secret) };
      return { isStatic, entry };
    });
  return {
    ...filled(
      'static_secrets',
      entries.flatMap(({ isStatic, entry }) => (isStatic ? [entry] : [])),
    ),
    ...filled(
      'dynamic_active_secrets',
      entries.flatMap(({ isStatic, entry }) => (isStatic ? [] : [entry])),
    ),
  };
}
