import type {
  RedirectActionJson,
  RetryPolicyJson,
  RouteAction_HashPolicyJson,
  RouteAction_RequestMirrorPolicyJson,
  RouteActionJson,
  RouteJson,
  WeightedCluster_ClusterWeightJson,
} from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import { bytesOfData } from './build-data-source.ts';
import { buildHeaderMutation, buildRegexRewrite } from './build-header.ts';
import { buildFilterConfigs } from './build-http-filter.ts';
import { buildFraction, buildHeaderMatcher } from './build-matcher.ts';
import { buildRateLimits } from './build-rate-limit.ts';
import { durationMs, filterMetadata, messageName, numberOf } from './read.ts';
import type {
  ForwardActionPlan,
  HashPolicyPlan,
  HostRewritePlan,
  MirrorPlan,
  PathRewritePlan,
  RedirectActionPlan,
  RetryPolicyPlan,
  RouteActionPlan,
  WeightedClusterPlan,
} from './route-plan.ts';

/** What a route inherits from its virtual host and table. */
export interface RouteInheritance {
  readonly retryPolicy: RetryPolicyJson | undefined;
  readonly mirrors: readonly RouteAction_RequestMirrorPolicyJson[];
}

/** Compiles the action of a route. */
export function buildRouteAction(json: RouteJson, inherited: RouteInheritance): RouteActionPlan {
  if (json.route) return buildForward(json.route, inherited);
  if (json.redirect) return buildRedirect(json.redirect);
  if (json.directResponse) {
    const { status, body } = json.directResponse;
    return { kind: 'direct', status: status ?? 200, body: bytesOfData(body), bodyFormat: null };
  }
  if (json.nonForwardingAction) return { kind: 'nonForwarding' };
  return { kind: 'unsupported', what: json.filterAction ? 'filter_action' : 'a route without an action' };
}

/** A retry policy with Envoy's defaults; null when unset. */
export function buildRetryPolicy(json: RetryPolicyJson | undefined): RetryPolicyPlan | null {
  if (!json) return null;
  const base = durationMs(json.retryBackOff?.baseInterval, 25);
  const predicates = (json.retryHostPredicate ?? []).map((predicate) => predicate.typedConfig as Record<string, unknown> | undefined);
  const limited = json.rateLimitedRetryBackOff;
  return {
    on: (json.retryOn ?? '')
      .split(',')
      .map((condition) => condition.trim())
      .filter(Boolean),
    attempts: json.numRetries ?? null,
    perTryTimeoutMs: durationMs(json.perTryTimeout, null),
    perTryIdleTimeoutMs: durationMs(json.perTryIdleTimeout, null),
    retriableStatusCodes: json.retriableStatusCodes ?? [],
    retriableHeaders: (json.retriableHeaders ?? []).map(buildHeaderMatcher),
    retriableRequestHeaders: (json.retriableRequestHeaders ?? []).map(buildHeaderMatcher),
    backoffBaseMs: base,
    backoffMaxMs: durationMs(json.retryBackOff?.maxInterval, base * 10),
    rateLimitedBackoff: limited
      ? {
          headers: (limited.resetHeaders ?? []).map((header) => ({
            name: (header.name ?? '').toLowerCase(),
            format: header.format === 'UNIX_TIMESTAMP' ? ('UNIX_TIMESTAMP' as const) : ('SECONDS' as const),
          })),
          maxMs: durationMs(limited.maxInterval, 300_000),
        }
      : null,
    hostSelectionMaxAttempts: numberOf(json.hostSelectionRetryMaxAttempts, 1),
    avoidPreviousHosts: predicates.some((config) => messageName(config?.['@type'] as string).endsWith('PreviousHostsPredicate')),
    omitHostMetadata: predicates
      .filter((config) => messageName(config?.['@type'] as string).endsWith('OmitHostMetadataConfig'))
      .map((config) => filterMetadata(config?.metadataMatch as Record<string, unknown> | undefined)['envoy.lb'] ?? {}),
    previousPrioritiesUpdateFrequency: json.retryPriority
      ? Number((json.retryPriority.typedConfig as { updateFrequency?: number } | undefined)?.updateFrequency ?? 1)
      : null,
  };
}

function buildForward(json: RouteActionJson, inherited: RouteInheritance): RouteActionPlan {
  if (json.clusterSpecifierPlugin !== undefined || json.inlineClusterSpecifierPlugin)
    return { kind: 'unsupported', what: 'cluster_specifier_plugin' };
  const clusters = buildClusters(json);
  const stream = json.maxStreamDuration;
  const action: ForwardActionPlan = {
    kind: 'forward',
    clusters,
    totalWeight: clusters.reduce((sum, cluster) => sum + cluster.weight, 0),
    hasClusterConfigs: clusters.some(({ filterConfigs }) => filterConfigs.size > 0),
    weightHeader: json.weightedClusters?.headerName?.toLowerCase() || null,
    metadataMatch: json.metadataMatch ? (filterMetadata(json.metadataMatch)['envoy.lb'] ?? {}) : null,
    clusterNotFoundStatus: notFoundStatus[json.clusterNotFoundResponseCode ?? 'SERVICE_UNAVAILABLE'] ?? 503,
    pathRewrite: buildPathRewrite(json),
    hostRewrite: buildHostRewrite(json),
    appendXForwardedHost: json.appendXForwardedHost ?? false,
    timeoutMs: stream ? 0 : durationMs(json.timeout, 15_000),
    idleTimeoutMs: durationMs(json.idleTimeout, null),
    maxStreamDurationMs: durationMs(stream?.maxStreamDuration, null),
    grpcTimeoutHeaderMaxMs: durationMs(stream?.grpcTimeoutHeaderMax, null),
    grpcTimeoutHeaderOffsetMs: durationMs(stream?.grpcTimeoutHeaderOffset, 0),
    setsStreamDuration: stream !== undefined,
    flushTimeoutMs: durationMs(json.flushTimeout, null),
    maxGrpcTimeoutMs: stream ? null : durationMs(json.maxGrpcTimeout, null),
    grpcTimeoutOffsetMs: durationMs(json.grpcTimeoutOffset, 0),
    retry: buildRetryPolicy(json.retryPolicy ?? inherited.retryPolicy),
    mirrors: (json.requestMirrorPolicies?.length ? json.requestMirrorPolicies : inherited.mirrors).map(buildMirror),
    priority: json.priority === 'HIGH' ? 'high' : 'default',
    hashPolicies: (json.hashPolicy ?? []).flatMap(buildHashPolicy),
    upgrades: new Map((json.upgradeConfigs ?? []).map((upgrade) => [(upgrade.upgradeType ?? '').toLowerCase(), upgrade.enabled ?? true])),
    connect: buildConnect(json.upgradeConfigs),
    hasInternalRedirect: json.internalRedirectPolicy !== undefined || json.internalRedirectAction === 'HANDLE_INTERNAL_REDIRECT',
    rateLimits: buildRateLimits(json.rateLimits),
    includeVirtualHostRateLimits: json.includeVhRateLimits ?? false,
  };
  return action;
}

function buildConnect(upgrades: RouteActionJson['upgradeConfigs']): ForwardActionPlan['connect'] {
  const config = upgrades?.find(({ upgradeType }) => upgradeType?.toUpperCase() === 'CONNECT')?.connectConfig;
  if (!config) return null;
  const { proxyProtocolConfig } = config;
  return {
    allowsPost: config.allowPost ?? false,
    proxyProtocol: proxyProtocolConfig ? (proxyProtocolConfig.version === 'V2' ? 'V2' : 'V1') : null,
  };
}

const notFoundStatus: Readonly<Record<string, number>> = { SERVICE_UNAVAILABLE: 503, NOT_FOUND: 404, INTERNAL_SERVER_ERROR: 500 };

function buildClusters(json: RouteActionJson): WeightedClusterPlan[] {
  if (json.weightedClusters) return (json.weightedClusters.clusters ?? []).map(buildWeighted);
  return [buildWeighted({ name: json.cluster ?? '', clusterHeader: json.clusterHeader ?? '', weight: 1 })];
}

function buildWeighted(json: WeightedCluster_ClusterWeightJson): WeightedClusterPlan {
  return {
    name: json.name ?? '',
    clusterHeader: json.clusterHeader?.toLowerCase() || null,
    weight: json.weight ?? 0,
    metadataMatch: json.metadataMatch ? (filterMetadata(json.metadataMatch)['envoy.lb'] ?? {}) : null,
    requestHeaders: buildHeaderMutation(json.requestHeadersToAdd, json.requestHeadersToRemove),
    responseHeaders: buildHeaderMutation(json.responseHeadersToAdd, json.responseHeadersToRemove),
    hostRewrite: json.hostRewriteLiteral || null,
    filterConfigs: buildFilterConfigs(json.typedPerFilterConfig),
  };
}

function buildPathRewrite(json: RouteActionJson): PathRewritePlan | null {
  if (json.prefixRewrite) return { kind: 'prefix', value: json.prefixRewrite };
  if (json.regexRewrite) return { kind: 'regex', rewrite: buildRegexRewrite(json.regexRewrite) };
  const policy = json.pathRewritePolicy?.typedConfig as { pathTemplateRewrite?: string } | undefined;
  return policy?.pathTemplateRewrite === undefined ? null : { kind: 'template', template: policy.pathTemplateRewrite };
}

function buildHostRewrite(json: RouteActionJson): HostRewritePlan | null {
  if (json.hostRewriteLiteral) return { kind: 'literal', value: json.hostRewriteLiteral };
  if (json.autoHostRewrite) return { kind: 'auto' };
  if (json.hostRewriteHeader) return { kind: 'header', name: json.hostRewriteHeader.toLowerCase() };
  return json.hostRewritePathRegex ? { kind: 'pathRegex', rewrite: buildRegexRewrite(json.hostRewritePathRegex) } : null;
}

function buildMirror(json: RouteAction_RequestMirrorPolicyJson): MirrorPlan {
  return {
    cluster: json.cluster ?? '',
    clusterHeader: json.clusterHeader?.toLowerCase() || null,
    fraction: buildFraction(json.runtimeFraction),
    traceSampled: json.traceSampled ?? null,
    disableShadowHostSuffix: json.disableShadowHostSuffixAppend ?? false,
  };
}

function buildHashPolicy(json: RouteAction_HashPolicyJson): HashPolicyPlan[] {
  const terminal = json.terminal ?? false;
  if (json.header) {
    const rewrite = json.header.regexRewrite ? buildRegexRewrite(json.header.regexRewrite) : null;
    return [{ kind: 'header', terminal, name: (json.header.headerName ?? '').toLowerCase(), rewrite }];
  }
  if (json.cookie) {
    const attributes = (json.cookie.attributes ?? []).map(({ name, value }) => [name ?? '', value ?? ''] as const);
    return [
      {
        kind: 'cookie',
        terminal,
        name: json.cookie.name ?? '',
        ttlMs: durationMs(json.cookie.ttl, null),
        path: json.cookie.path ?? '',
        attributes,
      },
    ];
  }
  if (json.connectionProperties?.sourceIp) return [{ kind: 'sourceIp', terminal }];
  if (json.queryParameter) return [{ kind: 'queryParameter', terminal, name: json.queryParameter.name ?? '' }];
  return json.filterState ? [{ kind: 'filterState', terminal, key: json.filterState.key ?? '' }] : [];
}

const redirectStatus: Readonly<Record<string, RedirectActionPlan['status']>> = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
};

function buildRedirect(json: RedirectActionJson): RedirectActionPlan {
  return {
    kind: 'redirect',
    status: redirectStatus[json.responseCode ?? 'MOVED_PERMANENTLY'] ?? 301,
    host: json.hostRedirect ?? '',
    port: json.portRedirect ?? 0,
    scheme: json.schemeRedirect ?? '',
    httpsRedirect: json.httpsRedirect ?? false,
    path: redirectPath(json),
    stripQuery: json.stripQuery ?? false,
  };
}

function redirectPath(json: RedirectActionJson): RedirectActionPlan['path'] {
  if (json.pathRedirect) return { kind: 'whole', value: json.pathRedirect };
  if (json.prefixRewrite !== undefined) return { kind: 'prefix', value: json.prefixRewrite };
  if (json.regexRewrite) return { kind: 'regex', rewrite: buildRegexRewrite(json.regexRewrite) };
  return { kind: 'keep' };
}
