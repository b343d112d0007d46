import type { RouteActionJson, RouteMatchJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import { escapeRegex } from './string-matcher.ts';

/**
 * How the matched prefix of a path is replaced by the Gateway API's rules, which go by path elements: a slash at the end of the replacement says nothing, one
 * always stands between it and what is left of the path, and a slash is left of everything. Rewrites and redirects have the same fields for it.
 */
export function prefixReplacement(match: RouteMatchJson, replacement: string): Pick<RouteActionJson, 'prefixRewrite' | 'regexRewrite'> {
  const text = replacement.replace(/\/$/, '');
  if (match.pathSeparatedPrefix === undefined) return match.prefix === '/' ? { prefixRewrite: `${text}/` } : { prefixRewrite: text || '/' };
  if (text !== '') return { prefixRewrite: text };
  return { regexRewrite: { pattern: { regex: `^${escapeRegex(match.pathSeparatedPrefix)}(/?)(.*)` }, substitution: '/\\2' } };
}
