import type { CorsPolicyJson } from '@weft/envoy-api/envoy/extensions/filters/http/cors/v3/cors_pb';
import { buildFraction, buildStringMatcher } from './build-matcher.ts';
import type { CorsPlan } from './cors-plan.ts';

/** Compiles a CORS policy; the deprecated route field and the filter's message have the same shape. */
export function buildCors(json: CorsPolicyJson): CorsPlan {
  return {
    allowOrigins: (json.allowOriginStringMatch ?? []).map(buildStringMatcher),
    allowMethods: json.allowMethods ?? '',
    allowHeaders: json.allowHeaders ?? '',
    exposeHeaders: json.exposeHeaders ?? '',
    maxAge: json.maxAge ?? '',
    allowCredentials: json.allowCredentials ?? null,
    allowPrivateNetwork: json.allowPrivateNetworkAccess ?? null,
    forwardNotMatchingPreflights: json.forwardNotMatchingPreflights ?? true,
    enabled: buildFraction(json.filterEnabled),
    shadowEnabled: buildFraction(json.shadowEnabled),
  };
}
