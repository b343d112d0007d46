import type { RetryPolicyPlan } from '@weft/core/plan/route-plan';
import type { Headers } from './headers.ts';
import type { ResetReason } from './stream.ts';

/** How a try ended, as far as retrying is concerned. */
export type TryOutcome =
  | { readonly kind: 'reset'; readonly reason: ResetReason }
  | { readonly kind: 'perTryTimeout' }
  | { readonly kind: 'response'; readonly status: number; readonly grpcStatus: number | null; readonly headers: Headers };

const grpcConditions: Readonly<Record<string, number>> = {
  cancelled: 1,
  'deadline-exceeded': 4,
  'resource-exhausted': 8,
  internal: 13,
  unavailable: 14,
};

/** Whether the policy wants another try after this outcome. */
export function wantsRetry(policy: RetryPolicyPlan, outcome: TryOutcome): boolean {
  if (outcome.kind === 'response') return policy.on.some((condition) => responseMatches(condition, policy, outcome));
  const reason = outcome.kind === 'perTryTimeout' ? 'perTryTimeout' : outcome.reason;
  return policy.on.some((condition) => resetMatches(condition, reason));
}

function resetMatches(condition: string, reason: ResetReason | 'perTryTimeout'): boolean {
  switch (condition) {
    case '5xx':
    case 'reset':
      return reason !== 'overflow';
    case 'gateway-error':
      return reason === 'perTryTimeout' || (reason !== 'overflow' && reason !== 'localReset');
    case 'connect-failure':
      return reason === 'connectFailure' || reason === 'connectTimeout';
    case 'refused-stream':
      return reason === 'refusedStream';
    case 'reset-before-request':
      return reason === 'connectFailure' || reason === 'connectTimeout' || reason === 'refusedStream';
    default:
      return false;
  }
}

function responseMatches(condition: string, policy: RetryPolicyPlan, outcome: TryOutcome & { kind: 'response' }): boolean {
  const { status, grpcStatus, headers } = outcome;
  switch (condition) {
    case '5xx':
      return status >= 500;
    case 'gateway-error':
      return status >= 502 && status <= 504;
    case 'retriable-4xx':
      return status === 409;
    case 'retriable-status-codes':
      return policy.retriableStatusCodes.includes(status);
    case 'retriable-headers':
      return policy.retriableHeaders.some((matcher) =>
        matcher.matches(matcher.name === ':status' ? String(status) : headers.get(matcher.name)),
      );
    case 'envoy-ratelimited':
      return headers.get('x-envoy-ratelimited') !== undefined;
    default: {
      const wanted = grpcConditions[condition];
      return wanted !== undefined && grpcStatus === wanted;
    }
  }
}

/**
 * Milliseconds before retry number `retry` (1 for the first): what the response asks for in a reset header that the policy reads, and up to
 * half as much again; else Envoy's fully jittered exponential back-off. `nowMs` is since 1970.
 */
export function backoffMs(policy: RetryPolicyPlan, retry: number, random: number, outcome: TryOutcome, nowMs: number): number {
  const asked = outcome.kind === 'response' ? askedBackoffMs(policy, outcome.headers, nowMs) : null;
  if (asked !== null) return Math.floor(asked + (random * asked) / 2);
  const ceiling = Math.min(policy.backoffMaxMs, policy.backoffBaseMs * 2 ** (retry - 1));
  return Math.floor(random * ceiling);
}

/** Whether a response says itself when to come again, in a way that the policy reads. */
export function asksForBackoff(policy: RetryPolicyPlan, outcome: TryOutcome, nowMs: number): boolean {
  return outcome.kind === 'response' && askedBackoffMs(policy, outcome.headers, nowMs) !== null;
}

/** The first reset header that gives a time within the policy's limit; null for none. */
function askedBackoffMs({ rateLimitedBackoff }: RetryPolicyPlan, headers: Headers, nowMs: number): number | null {
  for (const { name, format } of rateLimitedBackoff?.headers ?? []) {
    const value = headers.get(name);
    if (value === undefined || !/^\d{1,15}$/.test(value)) continue;
    const wait = Number(value) * 1000 - (format === 'UNIX_TIMESTAMP' ? nowMs : 0);
    if (wait >= 0 && wait <= (rateLimitedBackoff?.maxMs ?? 0)) return wait;
  }
  return null;
}
