import { headerHolds } from '../plan/build-matcher.ts';
import type { RequestFacts } from '../plan/facts.ts';
import type { HeaderMatcher } from '../plan/matcher.ts';
import type { RetryPolicyPlan } from '../plan/route-plan.ts';

/** A policy as Envoy has it where only a request's headers ask for retries. */
const bare: RetryPolicyPlan = {
  on: [],
  attempts: null,
  perTryTimeoutMs: null,
  perTryIdleTimeoutMs: null,
  retriableStatusCodes: [],
  retriableHeaders: [],
  retriableRequestHeaders: [],
  backoffBaseMs: 25,
  backoffMaxMs: 250,
  rateLimitedBackoff: null,
  hostSelectionMaxAttempts: 1,
  avoidPreviousHosts: false,
  omitHostMetadata: [],
  previousPrioritiesUpdateFrequency: null,
};

/**
 * When a request is tried again: the route's policy, with what internal requests may ask for in their `x-envoy-…` headers; null for never,
 * be it that the policy wants only requests with other headers.
 */
export function retryPolicyOf(policy: RetryPolicyPlan | null, facts: RequestFacts): RetryPolicyPlan | null {
  const asked = facts.isInternal ? askedPolicy(policy, facts) : policy;
  if (asked === null || asked.retriableRequestHeaders.length === 0) return asked;
  return asked.retriableRequestHeaders.some((header) => headerHolds(header, facts)) ? asked : null;
}

function askedPolicy(policy: RetryPolicyPlan | null, facts: RequestFacts): RetryPolicyPlan | null {
  const on = [...listOf(facts, 'x-envoy-retry-on'), ...listOf(facts, 'x-envoy-retry-grpc-on')];
  if (policy === null && on.length === 0) return null;
  const base = policy ?? bare;
  const attempts = facts.header('x-envoy-max-retries');
  const codes = listOf(facts, 'x-envoy-retriable-status-codes').filter((code) => /^\d+$/.test(code));
  const names = listOf(facts, 'x-envoy-retriable-header-names');
  return {
    ...base,
    on: [...base.on, ...on],
    attempts: attempts !== undefined && /^\d{1,9}$/.test(attempts) ? Number(attempts) : base.attempts,
    retriableStatusCodes: [...base.retriableStatusCodes, ...codes.map(Number)],
    retriableHeaders: [...base.retriableHeaders, ...names.map(presence)],
  };
}

function presence(text: string): HeaderMatcher {
  const name = text.toLowerCase();
  return { name, describe: `header ${name}: want present`, matches: (value) => value !== undefined, matchesAny: () => true };
}

function listOf(facts: RequestFacts, name: string): readonly string[] {
  const value = facts.header(name);
  if (value === undefined) return [];
  return value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
}
