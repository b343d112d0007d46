import type { RequestFacts } from '../plan/facts.ts';
import type { HttpConnectionManagerPlan } from '../plan/http-connection-plan.ts';

/** The first header that the router filter is to check strictly and whose value does not do; null for none. */
export function invalidEnvoyHeader(
  { filters }: HttpConnectionManagerPlan,
  facts: RequestFacts,
): { readonly name: string; readonly value: string } | null {
  const router = filters[filters.length - 1]?.config;
  if (router?.kind !== 'router') return null;
  for (const name of router.router.strictCheckHeaders) {
    const value = facts.header(name.toLowerCase());
    if (value !== undefined && !isValidEnvoyHeader(name.toLowerCase(), value)) return { name, value };
  }
  return null;
}

/** The `x-envoy-*` headers that a strict router checks. */
function isValidEnvoyHeader(name: string, value: string): boolean {
  if (name === 'x-envoy-retry-on') return value.split(',').every((condition) => retryConditions.has(condition.trim()));
  if (name === 'x-envoy-retry-grpc-on') return value.split(',').every((condition) => grpcConditions.has(condition.trim()));
  return /^\d+$/.test(value);
}

const retryConditions: ReadonlySet<string> = new Set([
  '5xx',
  'gateway-error',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'reset',
  'reset-before-request',
  'http3-post-connect-failure',
]);

const grpcConditions: ReadonlySet<string> = new Set(['cancelled', 'deadline-exceeded', 'resource-exhausted', 'unavailable', 'internal']);
