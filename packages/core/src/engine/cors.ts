import type { CorsPlan } from '../plan/cors-plan.ts';
import type { RequestFacts } from '../plan/facts.ts';
import type { CorsDecision } from './decision.ts';

/** What the cors filter does: nothing, mark the response, answer a preflight, or refuse one whose origin is not allowed. */
export type CorsVerdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'mark'; readonly decision: CorsDecision }
  | { readonly kind: 'preflight'; readonly headers: readonly (readonly [name: string, value: string])[] };

/** Judges the `Origin` of a request. A preflight of an unknown origin goes on, unless the policy says that it must not. */
export function judgeCors(cors: CorsPlan, facts: RequestFacts): CorsVerdict {
  const origin = facts.header('origin');
  if (origin === undefined || origin === '') return { kind: 'none' };
  if (cors.enabled !== null && cors.enabled.perMillion === 0) return { kind: 'none' };
  const isPreflight = facts.method === 'OPTIONS' && !!facts.header('access-control-request-method');
  if (!isAllowed(cors, origin)) {
    return isPreflight && !cors.forwardNotMatchingPreflights ? { kind: 'preflight', headers: [] } : { kind: 'none' };
  }
  if (isPreflight) return { kind: 'preflight', headers: preflightHeaders(cors, origin, facts) };
  return { kind: 'mark', decision: { origin, cors } };
}

/** Response headers for a request whose origin is allowed. */
export function corsResponseHeaders({ origin, cors }: CorsDecision): (readonly [name: string, value: string])[] {
  const headers: (readonly [string, string])[] = [['access-control-allow-origin', origin]];
  if (cors.allowCredentials) headers.push(['access-control-allow-credentials', 'true']);
  if (cors.exposeHeaders !== '') headers.push(['access-control-expose-headers', cors.exposeHeaders]);
  return headers;
}

function isAllowed(cors: CorsPlan, origin: string): boolean {
  return cors.allowOrigins.some((matcher) => (matcher.kind === 'exact' && matcher.value === '*') || matcher.matches(origin));
}

function preflightHeaders(cors: CorsPlan, origin: string, facts: RequestFacts): (readonly [string, string])[] {
  const headers: (readonly [string, string])[] = [['access-control-allow-origin', origin]];
  if (cors.allowCredentials) headers.push(['access-control-allow-credentials', 'true']);
  if (cors.allowMethods !== '') headers.push(['access-control-allow-methods', cors.allowMethods]);
  if (cors.allowHeaders !== '') headers.push(['access-control-allow-headers', cors.allowHeaders]);
  if (cors.exposeHeaders !== '') headers.push(['access-control-expose-headers', cors.exposeHeaders]);
  if (cors.maxAge !== '') headers.push(['access-control-max-age', cors.maxAge]);
  if (cors.allowPrivateNetwork && facts.header('access-control-request-private-network') === 'true')
    headers.push(['access-control-allow-private-network', 'true']);
  return headers;
}
