import type {
  RouteAction_RequestMirrorPolicyJson,
  RouteJson,
  VirtualHostJson,
} from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { RouteConfigurationJson } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import type { CustomTagJson } from '@weft/envoy-api/envoy/type/tracing/v3/custom_tag_pb';
import { buildCors } from './build-cors.ts';
import { buildHeaderMutation } from './build-header.ts';
import { buildFilterConfigs } from './build-http-filter.ts';
import { buildHeaderMatcher } from './build-matcher.ts';
import { buildRateLimits } from './build-rate-limit.ts';
import { buildRouteAction } from './build-route-action.ts';
import { buildRouteMatch } from './build-route-match.ts';
import { buildCustomTags } from './build-tracing.ts';
import { findProblems } from './find-problems.ts';
import { parseFormat } from './format.ts';
import type { HeaderMutationPlan } from './header-plan.ts';
import type { FilterConfigPlan } from './http-filter-plan.ts';
import { filterMetadata, perMillion } from './read.ts';
import type { DomainIndex, RouteActionPlan, RoutePlan, RouteTable, VirtualHostPlan } from './route-plan.ts';
import { sourceOf } from './source.ts';

import type { TracingSamplingPlan } from './tracing-plan.ts';

/** What a table passes down to its virtual hosts and routes. */
interface TableContext {
  readonly requestHeaders: HeaderMutationPlan | null;
  readonly responseHeaders: HeaderMutationPlan | null;
  readonly mostSpecificWins: boolean;
  readonly mirrors: readonly RouteAction_RequestMirrorPolicyJson[];
  readonly filterConfigs: ReadonlyMap<string, FilterConfigPlan>;
}

/** Compiles a route configuration. */
export function buildRouteTable(json: RouteConfigurationJson): RouteTable {
  const context: TableContext = {
    requestHeaders: buildHeaderMutation(json.requestHeadersToAdd, json.requestHeadersToRemove),
    responseHeaders: buildHeaderMutation(json.responseHeadersToAdd, json.responseHeadersToRemove),
    mostSpecificWins: json.mostSpecificHeaderMutationsWins ?? false,
    mirrors: json.requestMirrorPolicies ?? [],
    filterConfigs: buildFilterConfigs(json.typedPerFilterConfig),
  };
  const virtualHosts = (json.virtualHosts ?? []).map((host) => buildVirtualHost(host, context));
  return {
    name: json.name ?? '',
    virtualHosts,
    domains: buildDomainIndex(virtualHosts),
    ignorePortInHost: json.ignorePortInHostMatching ?? false,
    virtualHostHeader: null,
    internalOnlyHeaders: (json.internalOnlyHeaders ?? []).map((name) => name.toLowerCase()),
    maxDirectResponseBodyBytes: json.maxDirectResponseBodySizeBytes ?? 4096,
    responseHeaders: context.responseHeaders,
    problems: [...findProblems(json), ...hostFilterProblems(virtualHosts)],
    source: json,
  };
}

/** The filter configurations of virtual hosts and their routes that this data plane does not know. */
export function hostFilterProblems(hosts: readonly VirtualHostPlan[]): readonly string[] {
  const problems = new Set<string>();
  for (const host of hosts) {
    for (const { filterConfigs, action } of host.routes) {
      const clusters = action.kind === 'forward' ? action.clusters.map((cluster) => cluster.filterConfigs) : [];
      for (const configs of [host.filterConfigs, filterConfigs, ...clusters]) addFilterProblems(configs, host.name, problems);
    }
  }
  return [...problems];
}

function addFilterProblems(configs: ReadonlyMap<string, FilterConfigPlan>, host: string, problems: Set<string>): void {
  for (const [name, config] of configs) {
    if (config.kind === 'unsupported')
      problems.add(`virtual host ${host}: configuration of filter ${name} (${config.typeUrl}) is not supported`);
  }
}

function buildVirtualHost(json: VirtualHostJson, context: TableContext): VirtualHostPlan {
  const metadata = filterMetadata(json.metadata);
  const filterConfigs = mergeConfigs(context.filterConfigs, hostConfigs(json));
  return {
    name: json.name ?? '',
    domains: json.domains ?? [],
    requireTls: json.requireTls === 'ALL' ? 'ALL' : json.requireTls === 'EXTERNAL_ONLY' ? 'EXTERNAL_ONLY' : 'NONE',
    routes: (json.routes ?? []).map((route, index) => buildRoute(route, index, { host: json, filterConfigs, context })),
    includeAttemptCountInRequest: json.includeRequestAttemptCount ?? false,
    includeAttemptCountInResponse: json.includeAttemptCountInResponse ?? false,
    virtualClusters: (json.virtualClusters ?? []).map((cluster) => ({
      name: cluster.name ?? '',
      headers: (cluster.headers ?? []).map(buildHeaderMatcher),
    })),
    rateLimits: buildRateLimits(json.rateLimits),
    requestBufferLimitBytes: json.perRequestBufferLimitBytes ?? null,
    filterConfigs,
    metadata,
    source: sourceOf(metadata),
  };
}

interface RouteContext {
  readonly host: VirtualHostJson;
  readonly filterConfigs: ReadonlyMap<string, FilterConfigPlan>;
  readonly context: TableContext;
}

function buildRoute(json: RouteJson, index: number, { host, filterConfigs, context }: RouteContext): RoutePlan {
  const metadata = filterMetadata(json.metadata);
  const configs = mergeConfigs(filterConfigs, routeConfigs(json));
  const hostMirrors = host.requestMirrorPolicies?.length ? host.requestMirrorPolicies : context.mirrors;
  return {
    name: json.name ?? '',
    index,
    match: buildRouteMatch(json.match ?? {}),
    action: withOuterConfigs(buildRouteAction(json, { retryPolicy: host.retryPolicy, mirrors: hostMirrors }), configs),
    requestHeaders: layers(context.mostSpecificWins, [
      buildHeaderMutation(json.requestHeadersToAdd, json.requestHeadersToRemove),
      buildHeaderMutation(host.requestHeadersToAdd, host.requestHeadersToRemove),
      context.requestHeaders,
    ]),
    responseHeaders: layers(context.mostSpecificWins, [
      buildHeaderMutation(json.responseHeadersToAdd, json.responseHeadersToRemove),
      buildHeaderMutation(host.responseHeadersToAdd, host.responseHeadersToRemove),
      context.responseHeaders,
    ]),
    filterConfigs: configs,
    metadata,
    decorator: json.decorator
      ? { operation: parseFormat(json.decorator.operation ?? ''), propagate: json.decorator.propagate ?? true }
      : null,
    tracing: json.tracing ? buildSampling(json.tracing) : null,
    statPrefix: json.statPrefix ?? '',
    requestBufferLimitBytes: json.perRequestBufferLimitBytes ?? host.perRequestBufferLimitBytes ?? null,
    source: sourceOf(metadata),
  };
}

/** What clusters of a split say of filters goes before what their route says. */
function withOuterConfigs(action: RouteActionPlan, outer: RoutePlan['filterConfigs']): RouteActionPlan {
  if (action.kind !== 'forward' || !action.hasClusterConfigs) return action;
  const clusters = action.clusters.map((cluster) => ({ ...cluster, filterConfigs: mergeConfigs(outer, cluster.filterConfigs) }));
  return { ...action, clusters };
}

/** Header changes from route to table; the later ones win, so a table whose most specific level wins is applied backwards. */
function layers(mostSpecificWins: boolean, levels: readonly (HeaderMutationPlan | null)[]): HeaderMutationPlan[] {
  const present = levels.filter((level) => level !== null);
  return mostSpecificWins ? present.reverse() : present;
}

const corsFilter = 'envoy.filters.http.cors';

/** The deprecated `cors` fields mean the same as an entry for the cors filter. */
function hostConfigs(json: VirtualHostJson): ReadonlyMap<string, FilterConfigPlan> {
  const configs = buildFilterConfigs(json.typedPerFilterConfig);
  return json.cors ? new Map([[corsFilter, { kind: 'cors', cors: buildCors(json.cors) }], ...configs]) : configs;
}

function routeConfigs(json: RouteJson): ReadonlyMap<string, FilterConfigPlan> {
  const configs = buildFilterConfigs(json.typedPerFilterConfig);
  return json.route?.cors ? new Map([[corsFilter, { kind: 'cors', cors: buildCors(json.route.cors) }], ...configs]) : configs;
}

function mergeConfigs(
  outer: ReadonlyMap<string, FilterConfigPlan>,
  inner: ReadonlyMap<string, FilterConfigPlan>,
): ReadonlyMap<string, FilterConfigPlan> {
  if (inner.size === 0) return outer;
  if (outer.size === 0) return inner;
  const merged = new Map(outer);
  for (const [name, config] of inner) merged.set(name, overridden(outer.get(name), config));
  return merged;
}

/** The inner configuration counts; header mutations of all levels are made, though. */
function overridden(outer: FilterConfigPlan | undefined, inner: FilterConfigPlan): FilterConfigPlan {
  if (outer?.kind !== 'headerMutation' || inner.kind !== 'headerMutation') return inner;
  return { ...inner, mutations: [...inner.mutations, ...outer.mutations] };
}

interface SamplingJson {
  readonly clientSampling?: Parameters<typeof perMillion>[0];
  readonly randomSampling?: Parameters<typeof perMillion>[0];
  readonly overallSampling?: Parameters<typeof perMillion>[0];
  readonly customTags?: readonly CustomTagJson[];
}

function buildSampling(json: SamplingJson): TracingSamplingPlan {
  const of = (percent: SamplingJson['clientSampling']) => (percent ? { perMillion: perMillion(percent), runtimeKey: null } : null);
  return {
    client: of(json.clientSampling),
    random: of(json.randomSampling),
    overall: of(json.overallSampling),
    customTags: buildCustomTags(json.customTags ?? []),
  };
}

function buildDomainIndex(hosts: readonly VirtualHostPlan[]): DomainIndex {
  const exact = new Map<string, VirtualHostPlan>();
  const suffixes = new Map<number, Map<string, VirtualHostPlan>>();
  const prefixes = new Map<number, Map<string, VirtualHostPlan>>();
  let any: VirtualHostPlan | null = null;
  for (const host of hosts) {
    for (const domain of host.domains.map((name) => name.toLowerCase())) {
      if (domain === '*') any ??= host;
      else if (domain.startsWith('*')) addWildcard(suffixes, domain.slice(1), host);
      else if (domain.endsWith('*')) addWildcard(prefixes, domain.slice(0, -1), host);
      else if (!exact.has(domain)) exact.set(domain, host);
    }
  }
  return { exact, suffixes: longestFirst(suffixes), prefixes: longestFirst(prefixes), any };
}

function addWildcard(byLength: Map<number, Map<string, VirtualHostPlan>>, text: string, host: VirtualHostPlan): void {
  const byText = byLength.get(text.length) ?? new Map<string, VirtualHostPlan>();
  if (!byText.has(text)) byText.set(text, host);
  byLength.set(text.length, byText);
}

function longestFirst(byLength: ReadonlyMap<number, ReadonlyMap<string, VirtualHostPlan>>): DomainIndex['suffixes'] {
  return [...byLength].map(([length, byText]) => ({ length, byText })).sort((a, b) => b.length - a.length);
}
