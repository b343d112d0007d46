import type { HashPolicyPlan } from '@weft/core/plan/route-plan';
import type { Exchange } from './exchange.ts';

/** The request's hash for consistent balancing, as a text-derived number; null when no policy yields one. */
export function routeHash(exchange: Exchange, policies: readonly HashPolicyPlan[]): bigint | null {
  if (policies.length === 0) return null;
  return exchange.context.clusters.hash(exchange, policies);
}
