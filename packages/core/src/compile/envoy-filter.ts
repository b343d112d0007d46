import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { FilterChainJson, FilterJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ListenerJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_pb';
import type { RouteJson, VirtualHostJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { RouteConfigurationJson } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import type { HttpConnectionManagerJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import {
  type ConfigPatch,
  concernsProxy,
  isInContext,
  listenerContext,
  matchesChain,
  matchesCluster,
  matchesListener,
  matchesRoutes,
  matchesVirtualHost,
  type PatchContext,
} from './envoy-filter-match.ts';
import { isPatchTarget, type PatchTarget, patchValue } from './envoy-filter-value.ts';
import { type JsonObject, mergeJson } from './merge-json.ts';
import { typedConfig } from './typed-config.ts';

/** A patch whose value was understood. */
interface Patch {
  readonly applyTo: PatchTarget;
  readonly match: ConfigPatch['match'];
  readonly operation: string;
  /** Empty for REMOVE. */
  readonly value: JsonObject;
}

/**
 * Applies the EnvoyFilters of a proxy to its snapshot, one patch after the other. Patches that cannot be expressed (unknown extensions, bootstrap) change nothing;
 * `isPatchApplicable` tells which those are.
 */
export function applyEnvoyFilters(view: ProxyView, snapshot: Snapshot): Snapshot {
  let patched = snapshot;
  for (const filter of view.policies.envoyFilters) {
    for (const written of filter.spec?.configPatches ?? []) {
      const patch = readPatch(written);
      if (patch && concernsProxy(patch.match, view)) patched = applyPatch(view, patched, patch);
    }
  }
  return patched;
}

/** Whether a patch can be expressed in what proxies are sent. */
export function isPatchApplicable(written: ConfigPatch): boolean {
  return readPatch(written) !== null;
}

function readPatch(written: ConfigPatch | undefined): Patch | null {
  const applyTo = written?.applyTo ?? '';
  const operation = written?.patch?.operation ?? 'INVALID';
  if (!isPatchTarget(applyTo)) return null;
  const value = operation === 'REMOVE' ? {} : patchValue(applyTo, written?.patch?.value);
  return value === null ? null : { applyTo, match: written?.match, operation, value };
}

function applyPatch(view: ProxyView, snapshot: Snapshot, patch: Patch): Snapshot {
  if (patch.applyTo === 'CLUSTER') return { ...snapshot, clusters: byName(patchClusters(view, snapshot.clusters, patch)) };
  if (patch.applyTo === 'ROUTE_CONFIGURATION' || patch.applyTo === 'VIRTUAL_HOST' || patch.applyTo === 'HTTP_ROUTE') {
    const context = view.node.type === 'sidecar' ? 'SIDECAR_OUTBOUND' : 'GATEWAY';
    const routes = isInContext(patch.match, context) ? snapshot.routes.map((each) => patchRoutes(each, patch)) : snapshot.routes;
    return { ...snapshot, routes, listeners: snapshot.listeners.map((listener) => patchInlineRoutes(view, listener, patch)) };
  }
  return { ...snapshot, listeners: byName(patchListeners(view, snapshot.listeners, patch)) };
}

function patchClusters(view: ProxyView, clusters: readonly ClusterJson[], patch: Patch): readonly ClusterJson[] {
  if (patch.operation === 'ADD') {
    const contexts: readonly PatchContext[] = view.node.type === 'sidecar' ? ['SIDECAR_INBOUND', 'SIDECAR_OUTBOUND'] : ['GATEWAY'];
    const concerns = contexts.some((context) => isInContext(patch.match, context));
    return concerns ? [...clusters, withHttp2Options(patch.value as ClusterJson)] : clusters;
  }
  const contextOf = (name: string): PatchContext => {
    if (view.node.type !== 'sidecar') return 'GATEWAY';
    return name.startsWith('inbound|') || name === 'InboundPassthroughCluster' ? 'SIDECAR_INBOUND' : 'SIDECAR_OUTBOUND';
  };
  return patchMatching(clusters, patch, (cluster) => {
    const name = cluster.name ?? '';
    return isInContext(patch.match, contextOf(name)) && matchesCluster(patch.match?.cluster, name);
  });
}

/** Filters are still written with the field that Envoy has deprecated; it is told the same in the form that took its place. */
function withHttp2Options(cluster: ClusterJson): ClusterJson {
  const { http2ProtocolOptions, ...rest } = cluster;
  const name = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  if (http2ProtocolOptions === undefined || cluster.typedExtensionProtocolOptions?.[name]) return cluster;
  const options = typedConfig(name, { explicitHttpConfig: { http2ProtocolOptions } });
  return { ...rest, typedExtensionProtocolOptions: { ...cluster.typedExtensionProtocolOptions, [name]: options } };
}

function patchListeners(view: ProxyView, listeners: readonly ListenerJson[], patch: Patch): readonly ListenerJson[] {
  if (patch.applyTo === 'LISTENER' && patch.operation === 'ADD') {
    const added = patch.value as ListenerJson;
    return isInContext(patch.match, listenerContext(view, added)) ? [...listeners, added] : listeners;
  }
  const isMeant = (listener: ListenerJson) =>
    isInContext(patch.match, listenerContext(view, listener)) && matchesListener(patch.match?.listener, listener);
  if (patch.applyTo === 'LISTENER') return patchMatching(listeners, patch, isMeant);
  return listeners.map((listener) => (isMeant(listener) ? patchInListener(listener, patch) : listener));
}

function patchInListener(listener: ListenerJson, patch: Patch): ListenerJson {
  const wanted = patch.match?.listener;
  if (patch.applyTo === 'LISTENER_FILTER') {
    const name = (wanted as { readonly listenerFilter?: string } | undefined)?.listenerFilter;
    return { ...listener, listenerFilters: patchList(listener.listenerFilters ?? [], patch, (filter) => !name || filter.name === name) };
  }
  const isMeant = (chain: FilterChainJson) => matchesChain(wanted, listener, chain);
  if (patch.applyTo === 'FILTER_CHAIN') return { ...listener, filterChains: patchList(listener.filterChains ?? [], patch, isMeant) };
  const filterChains = (listener.filterChains ?? []).map((chain) => (isMeant(chain) ? patchInChain(chain, patch) : chain));
  return { ...listener, filterChains };
}

function patchInChain(chain: FilterChainJson, patch: Patch): FilterChainJson {
  const wanted = patch.match?.listener?.filterChain?.filter;
  const filters = chain.filters ?? [];
  if (patch.applyTo === 'NETWORK_FILTER')
    return { ...chain, filters: patchList(filters, patch, (filter) => !wanted?.name || filter.name === wanted.name) };
  return {
    ...chain,
    filters: filters.map((filter) => {
      if (!isConnectionManager(filter) || (wanted?.name && wanted.name !== filter.name)) return filter;
      const manager = filter.typedConfig as HttpConnectionManagerJson;
      const name = wanted?.subFilter?.name;
      const httpFilters = patchList(manager.httpFilters ?? [], patch, (httpFilter) => !name || httpFilter.name === name);
      return withManager(filter, { ...manager, httpFilters: withRouterLast(httpFilters) });
    }),
  };
}

/** The router ends every chain, whatever was added after it. */
function withRouterLast<T extends { readonly name?: string }>(filters: T[]): T[] {
  const isRouter = (filter: T) => filter.name === 'envoy.filters.http.router';
  return [...filters.filter((filter) => !isRouter(filter)), ...filters.filter(isRouter)];
}

/** Inbound routes stand in the listener itself. */
function patchInlineRoutes(view: ProxyView, listener: ListenerJson, patch: Patch): ListenerJson {
  if (!isInContext(patch.match, listenerContext(view, listener))) return listener;
  const filterChains = (listener.filterChains ?? []).map((chain) => ({
    ...chain,
    filters: (chain.filters ?? []).map((filter) => {
      const manager = filter.typedConfig as HttpConnectionManagerJson | undefined;
      if (!isConnectionManager(filter) || !manager?.routeConfig) return filter;
      return withManager(filter, { ...manager, routeConfig: patchRoutes(manager.routeConfig, patch) });
    }),
  }));
  return { ...listener, filterChains };
}

function withManager(filter: FilterJson, manager: HttpConnectionManagerJson): FilterJson {
  return { ...filter, typedConfig: manager as FilterJson['typedConfig'] };
}

function isConnectionManager(filter: FilterJson): boolean {
  return filter.name === 'envoy.filters.network.http_connection_manager';
}

function patchRoutes(routes: RouteConfigurationJson, patch: Patch): RouteConfigurationJson {
  const wanted = patch.match?.routeConfiguration;
  if (!matchesRoutes(wanted, routes)) return routes;
  if (patch.applyTo === 'ROUTE_CONFIGURATION') return isMerge(patch) ? merged(routes, patch) : routes;
  const isMeant = (host: VirtualHostJson) => matchesVirtualHost(wanted, host);
  const hosts = routes.virtualHosts ?? [];
  if (patch.applyTo === 'VIRTUAL_HOST') return { ...routes, virtualHosts: patchList(hosts, patch, isMeant) };
  const virtualHosts = hosts.map((host) =>
    isMeant(host) ? { ...host, routes: patchList(host.routes ?? [], patch, (route) => matchesRoute(patch, route)) } : host,
  );
  return { ...routes, virtualHosts };
}

function matchesRoute(patch: Patch, route: RouteJson): boolean {
  const { name, action } = patch.match?.routeConfiguration?.vhost?.route ?? {};
  if (name && name !== route.name) return false;
  if (!action || action === 'ANY') return true;
  const own = route.redirect ? 'REDIRECT' : route.directResponse ? 'DIRECT_RESPONSE' : 'ROUTE';
  return own === action;
}

/** Changes a list in place of what a patch means: each meant element for MERGE, REMOVE and REPLACE, the first one for insertions. */
function patchList<T extends object>(list: readonly T[], patch: Patch, isMeant: (element: T) => boolean): T[] {
  const added = patch.value as unknown as T;
  const index = list.findIndex(isMeant);
  switch (patch.operation) {
    case 'ADD':
      return [...list, added];
    case 'INSERT_FIRST':
      return [added, ...list];
    case 'INSERT_BEFORE':
      return index < 0 ? [...list] : [...list.slice(0, index), added, ...list.slice(index)];
    case 'INSERT_AFTER':
      return index < 0 ? [...list] : [...list.slice(0, index + 1), added, ...list.slice(index + 1)];
    default:
      return [...patchMatching(list, patch, isMeant)];
  }
}

function patchMatching<T extends object>(list: readonly T[], patch: Patch, isMeant: (element: T) => boolean): readonly T[] {
  switch (patch.operation) {
    case 'MERGE':
    case 'MERGE_AND_REPLACE_LIST':
      return list.map((element) => (isMeant(element) ? merged(element, patch) : element));
    case 'REMOVE':
      return list.filter((element) => !isMeant(element));
    case 'REPLACE':
      return list.map((element) => (isMeant(element) ? (patch.value as unknown as T) : element));
    default:
      return list;
  }
}

function isMerge(patch: Patch): boolean {
  return patch.operation === 'MERGE' || patch.operation === 'MERGE_AND_REPLACE_LIST';
}

function merged<T extends object>(element: T, patch: Patch): T {
  return mergeJson(element, patch.value, patch.operation === 'MERGE' ? 'append' : 'replace');
}

function byName<T extends { name?: string }>(items: readonly T[]): readonly T[] {
  const itemByName = new Map(items.map((item) => [item.name ?? '', item]));
  return [...itemByName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}
