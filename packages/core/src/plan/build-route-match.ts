import type { RouteMatchJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import { buildFraction, buildHeaderMatcher, buildMetadataTest, buildQueryMatcher } from './build-matcher.ts';
import { compileRegex } from './regex.ts';
import type { PathMatchPlan, RouteMatchPlan } from './route-match-plan.ts';
import { compileUriTemplate } from './uri-template.ts';

/** Compiles the conditions of a route. */
export function buildRouteMatch(json: RouteMatchJson): RouteMatchPlan {
  return {
    path: buildPathMatch(json),
    headers: (json.headers ?? []).map(buildHeaderMatcher),
    queryParameters: (json.queryParameters ?? []).map(buildQueryMatcher),
    grpcOnly: json.grpc !== undefined,
    tls: json.tlsContext ? { presented: json.tlsContext.presented ?? null, validated: json.tlsContext.validated ?? null } : null,
    runtimeFraction: buildFraction(json.runtimeFraction),
    dynamicMetadata: (json.dynamicMetadata ?? []).map(buildMetadataTest),
  };
}

function buildPathMatch(json: RouteMatchJson): PathMatchPlan {
  const ignoreCase = json.caseSensitive === false;
  if (json.path !== undefined) return { kind: 'path', value: json.path, ignoreCase };
  if (json.pathSeparatedPrefix !== undefined) return { kind: 'pathSeparatedPrefix', value: json.pathSeparatedPrefix, ignoreCase };
  if (json.safeRegex) {
    const value = json.safeRegex.regex ?? '';
    return { kind: 'regex', value, matches: compileRegex(value)?.matchesAll ?? (() => false) };
  }
  if (json.connectMatcher) return { kind: 'connect' };
  if (json.pathMatchPolicy) {
    const value = String((json.pathMatchPolicy.typedConfig as { pathTemplate?: string } | undefined)?.pathTemplate ?? '');
    return { kind: 'template', value, match: compileUriTemplate(value)?.match ?? (() => null) };
  }
  return { kind: 'prefix', value: json.prefix ?? '', ignoreCase };
}
