import type { RouteJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import { selectsLabels } from '../base/labels.ts';
import type { HttpRouteSpec, Rule, VirtualServiceRules } from '../mesh/virtual-service.ts';
import { parseClusterName } from '../snapshot/names.ts';
import { headerFields, headerOperations } from './header-operations.ts';
import { provenance } from './provenance.ts';
import { type RouteContext, routeAction } from './route-action.ts';
import { directResponseAction, redirectAction } from './route-answers.ts';
import { perRouteFilters } from './route-filters.ts';
import { type HttpMatchSpec, isCatchAll, routeMatch } from './route-match.ts';

export type { RouteContext } from './route-action.ts';

/**
 * The Envoy routes of a VirtualService for one listener port of one proxy: rules that cannot concern the proxy (other gateways, ports, source labels) are left
 * out, and nothing follows a route that matches everything. Empty when no rule concerns the proxy.
 */
export function httpRoutes(rules: VirtualServiceRules, context: RouteContext): readonly RouteJson[] {
  const routes: RouteJson[] = [];
  for (const rule of rules.http) {
    const matches: readonly (HttpMatchSpec | null)[] = rule.spec.match && rule.spec.match.length > 0 ? rule.spec.match : [null];
    for (const [index, match] of matches.entries()) {
      if (match !== null && !concernsProxy(match, context)) continue;
      const route = translateRoute(rule, { rules, match, matchIndex: match === null ? null : index }, context);
      if (route === null) continue;
      routes.push(route);
      if (match === null || isCatchAll(route.match ?? {})) return routes;
    }
  }
  return routes;
}

/** Conditions that are the same for every request a proxy sees on the port. Naming gateways leaves the source conditions aside. */
function concernsProxy(match: HttpMatchSpec, context: RouteContext): boolean {
  if (match?.port && match.port !== context.port) return false;
  if (match?.gateways && match.gateways.length > 0) return match.gateways.some((name) => context.gateways.has(name));
  if (!selectsLabels(match?.sourceLabels, context.node.labels)) return false;
  return !match?.sourceNamespace || match.sourceNamespace === context.node.namespace;
}

interface Origin {
  readonly rules: VirtualServiceRules;
  readonly match: HttpMatchSpec | null;
  readonly matchIndex: number | null;
}

function translateRoute(rule: Rule<HttpRouteSpec>, origin: Origin, context: RouteContext): RouteJson | null {
  const { spec } = rule;
  const match = routeMatch(origin.match ?? null, origin.rules.semantics);
  const operations = headerOperations(spec.headers);
  const name = origin.match?.name ? `${spec.name ?? ''}.${origin.match.name}` : (spec.name ?? '');
  const path =
    origin.matchIndex === null || (spec.match ?? []).length === 0 || origin.rules.semantics === 'gateway-api'
      ? rule.path
      : `${rule.path}.match[${origin.matchIndex}]`;
  const filters = perRouteFilters(spec);
  const answer = spec.redirect
    ? redirectAction(spec.redirect, { ...context, match }, origin.rules.semantics)
    : spec.directResponse
      ? directResponseAction(spec.directResponse)
      : null;
  const forwarded =
    answer === null && !spec.redirect ? routeAction(spec, { match, operations, semantics: origin.rules.semantics }, context) : null;
  // A redirect with a status that Envoy does not have, or destinations without any weight, leave a route without an action, which Envoy would refuse.
  if (answer === null && (forwarded === null || forwarded.action.weightedClusters?.clusters?.length === 0)) return null;
  return {
    ...(name === '' ? {} : { name }),
    match,
    ...(answer ?? { route: forwarded?.action ?? {} }),
    metadata: provenance(rule.ref, path),
    decorator: { operation: traceOperation(match, forwarded?.action.cluster, origin.rules.ref.name, context.port) },
    ...(filters ? { typedPerFilterConfig: filters } : {}),
    ...headerFields(operations, ...(forwarded?.operations ?? [])),
    ...(origin.match?.statPrefix ? { statPrefix: origin.match.statPrefix } : {}),
  };
}

/** What a span of the route is called: `host:port/path*`, with the VirtualService's name where there is no single destination. */
function traceOperation(match: NonNullable<RouteJson['match']>, cluster: string | undefined, name: string, port: number): string {
  const path = match.path ?? (match.prefix === undefined ? (match.safeRegex?.regex ?? '/*') : `${match.prefix}*`);
  const key = cluster ? parseClusterName(cluster) : null;
  return key && key.hostname !== '' ? `${key.hostname}:${key.port}${path}` : `${name}:${port}${path}`;
}
