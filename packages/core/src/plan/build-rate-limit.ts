import type { RateLimit_ActionJson, RateLimitJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import { buildHeaderMatcher, buildQueryMatcher } from './build-matcher.ts';
import type { RateLimitActionPlan, RateLimitActionsPlan } from './rate-limit-plan.ts';

/** Compiles the rate limits of a route or virtual host. */
export function buildRateLimits(json: readonly RateLimitJson[] | undefined): RateLimitActionsPlan[] {
  return (json ?? []).map((limit) => ({
    stage: limit.stage ?? 0,
    disableKey: limit.disableKey ?? '',
    actions: (limit.actions ?? []).map(buildRateLimitAction),
    applyOnStreamDone: false,
  }));
}

/** Compiles one descriptor entry. */
export function buildRateLimitAction(json: RateLimit_ActionJson): RateLimitActionPlan {
  if (json.sourceCluster) return { kind: 'sourceCluster' };
  if (json.destinationCluster) return { kind: 'destinationCluster' };
  if (json.remoteAddress) return { kind: 'remoteAddress' };
  if (json.requestHeaders) {
    const { headerName, descriptorKey, skipIfAbsent } = json.requestHeaders;
    return {
      kind: 'requestHeader',
      header: (headerName ?? '').toLowerCase(),
      key: descriptorKey ?? '',
      skipIfAbsent: skipIfAbsent ?? false,
    };
  }
  if (json.genericKey)
    return { kind: 'genericKey', key: json.genericKey.descriptorKey || 'generic_key', value: json.genericKey.descriptorValue ?? '' };
  if (json.maskedRemoteAddress) {
    const { v4PrefixMaskLen, v6PrefixMaskLen } = json.maskedRemoteAddress;
    return { kind: 'maskedRemoteAddress', v4PrefixLength: v4PrefixMaskLen ?? 32, v6PrefixLength: v6PrefixMaskLen ?? 128 };
  }
  return buildMatchAction(json);
}

function buildMatchAction(json: RateLimit_ActionJson): RateLimitActionPlan {
  if (json.headerValueMatch) {
    const { descriptorKey, descriptorValue, expectMatch, headers } = json.headerValueMatch;
    return {
      kind: 'headerValueMatch',
      key: descriptorKey || 'header_match',
      value: descriptorValue ?? '',
      expectMatch: expectMatch ?? true,
      headers: (headers ?? []).map(buildHeaderMatcher),
    };
  }
  if (json.queryParameterValueMatch) {
    const { descriptorKey, descriptorValue, expectMatch, queryParameters } = json.queryParameterValueMatch;
    return {
      kind: 'queryParameterValueMatch',
      key: descriptorKey || 'query_match',
      value: descriptorValue ?? '',
      expectMatch: expectMatch ?? true,
      parameters: (queryParameters ?? []).map(buildQueryMatcher),
    };
  }
  if (json.metadata) {
    const { descriptorKey, metadataKey, defaultValue, source, skipIfAbsent } = json.metadata;
    return {
      kind: 'metadata',
      key: descriptorKey ?? '',
      source: source === 'ROUTE_ENTRY' ? 'ROUTE_ENTRY' : 'DYNAMIC',
      filter: metadataKey?.key ?? '',
      path: (metadataKey?.path ?? []).map((segment) => segment.key ?? ''),
      defaultValue: defaultValue ?? '',
      skipIfAbsent: skipIfAbsent ?? false,
    };
  }
  return { kind: 'unsupported', what: json.dynamicMetadata ? 'dynamic_metadata' : 'extension' };
}
