import type {
  HeaderMatcherJson,
  QueryParameterMatcherJson,
  RouteMatchJson,
} from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { MetadataMatcherJson } from '@weft/envoy-api/envoy/type/matcher/v3/metadata_pb';
import type { StringMatcherJson } from '@weft/envoy-api/envoy/type/matcher/v3/string_pb';
import type { HttpRouteSpec } from '../mesh/virtual-service.ts';

export type HttpMatchSpec = NonNullable<HttpRouteSpec['match']>[number];
export type StringMatchSpec = NonNullable<HttpMatchSpec['uri']>;

/** Where the JWT filter leaves the claims of a verified token. */
const jwtMetadata = 'envoy.filters.http.jwt_authn';
const claimPrefix = '@request.auth.claims';

/**
 * Envoy's form of a match. With Gateway API semantics a path prefix matches whole path elements; otherwise it is a prefix of the text. Conditions that hold
 * for the proxy as a whole (gateways, source labels, port) are not part of it.
 */
export function routeMatch(match: HttpMatchSpec | null, semantics: 'istio' | 'gateway-api'): RouteMatchJson {
  if (match === null) return { prefix: '/' };
  const headers: HeaderMatcherJson[] = [];
  const claims: MetadataMatcherJson[] = [];
  for (const [name, value] of sortedEntries(match.headers)) {
    const claim = claimMatcher(name, value, false);
    if (claim) claims.push(claim);
    else headers.push(headerMatcher(name, value));
  }
  for (const [name, value] of sortedEntries(match.withoutHeaders)) {
    const claim = claimMatcher(name, value, true);
    if (claim) claims.push(claim);
    else headers.push(missingHeaderMatcher(name, value));
  }
  headers.sort((a, b) => compareText(a.name ?? '', b.name ?? ''));
  if (match.method) headers.push(headerMatcher(':method', match.method));
  if (match.authority) headers.push(headerMatcher(':authority', match.authority));
  if (match.scheme) headers.push(headerMatcher(':scheme', match.scheme));
  const query = sortedEntries(match.queryParams).map(([name, value]) => queryMatcher(name, value));
  return {
    ...pathMatch(match.uri, semantics),
    caseSensitive: !match.ignoreUriCase,
    ...(headers.length > 0 ? { headers } : {}),
    ...(query.length > 0 ? { queryParameters: query } : {}),
    ...(claims.length > 0 ? { dynamicMetadata: claims } : {}),
  };
}

/** Whether a match holds for every request. Routes after such a one can never be reached. */
export function isCatchAll(match: RouteMatchJson): boolean {
  const anyPath = match.prefix === '/' || match.pathSeparatedPrefix === '/' || match.safeRegex?.regex === '.*';
  return anyPath && !match.headers?.length && !match.queryParameters?.length && !match.dynamicMetadata?.length;
}

/** Envoy's form of a string match, or null for an empty one (presence). */
export function stringMatch(value: StringMatchSpec | null | undefined): StringMatcherJson | null {
  if (!value) return null;
  if (value.exact !== undefined) return { exact: value.exact };
  if (value.prefix !== undefined) return { prefix: value.prefix };
  return value.regex === undefined ? null : { safeRegex: { regex: value.regex } };
}

function pathMatch(uri: StringMatchSpec | undefined, semantics: 'istio' | 'gateway-api'): RouteMatchJson {
  if (uri?.exact !== undefined) return { path: uri.exact };
  if (uri?.regex !== undefined) return { safeRegex: { regex: uri.regex } };
  const prefix = uri?.prefix ?? '/';
  if (semantics === 'gateway-api' && prefix !== '/') return { pathSeparatedPrefix: prefix.replace(/\/$/, '') };
  return { prefix };
}

/** `{}` and the regular expression `*`, which is none, ask for presence only. */
function isPresence(value: StringMatchSpec | null | undefined): boolean {
  return stringMatch(value) === null || value?.regex === '*';
}

function headerMatcher(name: string, value: StringMatchSpec | undefined): HeaderMatcherJson {
  const matcher = isPresence(value) ? null : stringMatch(value);
  return matcher ? { name, stringMatch: matcher } : { name, presentMatch: true };
}

/** A header that is absent counts as empty, except where only presence is asked for. */
function missingHeaderMatcher(name: string, value: StringMatchSpec | undefined): HeaderMatcherJson {
  const matcher = headerMatcher(name, value);
  return matcher.presentMatch ? { ...matcher, invertMatch: true } : { ...matcher, invertMatch: true, treatMissingHeaderAsEmpty: true };
}

function queryMatcher(name: string, value: StringMatchSpec | undefined): QueryParameterMatcherJson {
  const matcher = isPresence(value) ? null : stringMatch(value);
  return matcher ? { name, stringMatch: matcher } : { name, presentMatch: true };
}

/** A match on a claim of the request's token: `@request.auth.claims.group` or `@request.auth.claims[a][b]`. */
function claimMatcher(name: string, value: StringMatchSpec | undefined, invert: boolean): MetadataMatcherJson | null {
  const path = claimPath(name);
  if (path === null) return null;
  const matcher: StringMatcherJson = stringMatch(value) ?? { safeRegex: { regex: '.+' } };
  return {
    filter: jwtMetadata,
    path: [{ key: 'payload' }, ...path.map((key) => ({ key }))],
    // A claim is a string or a list of strings.
    value: { orMatch: { valueMatchers: [{ stringMatch: matcher }, { listMatch: { oneOf: { stringMatch: matcher } } }] } },
    ...(invert ? { invert: true } : {}),
  };
}

/** The claim's path, or null when the name is not one of a claim. */
function claimPath(name: string): readonly string[] | null {
  if (!name.toLowerCase().startsWith(claimPrefix)) return null;
  const rest = name.slice(claimPrefix.length);
  if (rest.startsWith('.')) return rest.length > 1 ? rest.slice(1).split('.') : null;
  if (!/^(?:\[[^[\]]+\])+$/.test(rest)) return null;
  return rest.slice(1, -1).split('][');
}

function sortedEntries<V>(record: Readonly<Record<string, V>> | undefined): [string, V][] {
  return Object.entries(record ?? {}).sort(([a], [b]) => compareText(a, b));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
