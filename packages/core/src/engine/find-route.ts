import type { RequestFacts } from '../plan/facts.ts';
import type { DynamicMetadata } from '../plan/rbac-plan.ts';
import type { RoutePlan, RouteTable, VirtualHostPlan } from '../plan/route-plan.ts';
import type { Trace } from './decision.ts';
import { matchesRoute, mismatchOf } from './match-route.ts';

/** The virtual host of an authority: exact domain, longest `*suffix`, longest `prefix*`, `*`. */
export function findVirtualHost(table: RouteTable, authority: string): VirtualHostPlan | null {
  const { domains } = table;
  const host = lowerCase(table.ignorePortInHost ? withoutPort(authority) : authority);
  const exact = domains.exact.get(host);
  if (exact) return exact;
  for (const { length, byText } of domains.suffixes) {
    // A wildcard stands for at least one character.
    if (length >= host.length) continue;
    const found = byText.get(host.slice(host.length - length));
    if (found) return found;
  }
  for (const { length, byText } of domains.prefixes) {
    if (length >= host.length) continue;
    const found = byText.get(host.slice(0, length));
    if (found) return found;
  }
  return domains.any;
}

/**
 * The first route of a virtual host that matches. Routes that take a fraction below 100 % are passed over unless `draw` (0 … 999,999)
 * falls into it; without a draw they count as taken when the fraction is at least half, so that a simulation shows the likelier way.
 */
export function findRoute(
  host: VirtualHostPlan,
  facts: RequestFacts,
  metadata: DynamicMetadata | null,
  draw: number | null,
): RoutePlan | null {
  const { routes } = host;
  // By index: most of many routes are passed over, and an iterator makes an object for each.
  for (let i = 0; i < routes.length; i++) {
    const route = routes[i];
    if (route === undefined || !matchesRoute(route.match, facts, metadata)) continue;
    const fraction = route.match.runtimeFraction;
    if (fraction === null || (draw ?? 499_999) < fraction.perMillion) return route;
  }
  return null;
}

/** Records which routes were tried and why they were not taken. */
export function traceRoutes(
  trace: Trace,
  host: VirtualHostPlan,
  facts: RequestFacts,
  metadata: DynamicMetadata | null,
  taken: RoutePlan | null,
): void {
  for (const route of host.routes) {
    const matched = route === taken;
    const why = matched ? 'all conditions hold' : (mismatchOf(route.match, facts, metadata) ?? 'takes only a share of requests');
    trace.steps.push({ stage: 'route', name: route.name, resource: route.source.resource, field: route.source.path, matched, why });
    if (matched) return;
  }
}

/** Lower case without allocating when the text is lower-case already. */
function lowerCase(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 65 && code <= 90) return text.toLowerCase();
  }
  return text;
}

/** The authority without its port; brackets of IPv6 literals stay. */
export function withoutPort(authority: string): string {
  const at = authority.lastIndexOf(':');
  if (at < 0 || authority.indexOf(']', at) >= 0) return authority;
  // Several colons without brackets are a bare IPv6 address, not a port.
  if (authority.indexOf(':') !== at && authority[0] !== '[') return authority;
  return /^\d*$/.test(authority.slice(at + 1)) ? authority.slice(0, at) : authority;
}
