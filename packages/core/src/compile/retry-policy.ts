import type { RetryPolicyJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import { formatDuration, parseDurationMs } from '../base/durations.ts';
import type { HttpRouteSpec } from '../mesh/virtual-service.ts';
import { typedConfig } from './typed-config.ts';

export type RetrySpec = NonNullable<HttpRouteSpec['retries']>;

const defaultConditions = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';
const previousHosts = {
  name: 'envoy.retry_host_predicates.previous_hosts',
  typedConfig: typedConfig('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate', {}),
};
const previousPriorities = {
  name: 'envoy.retry_priorities.previous_priorities',
  typedConfig: typedConfig('envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig', { updateFrequency: 2 }),
};

/**
 * Envoy's retry policy; without a specification two retries of what is safe to repeat. Undefined when retries are switched off. With consistent hashing the
 * host is given by the hash, so hosts tried before are not avoided.
 */
export function retryPolicy(spec: RetrySpec | null, isConsistentHash: boolean): RetryPolicyJson | undefined {
  const attempts = spec ? (spec.attempts ?? 0) : 2;
  if (attempts <= 0) return undefined;
  const conditions = parseConditions(spec?.retryOn ?? '');
  const avoidsPrevious = spec?.retryIgnorePreviousHosts ?? !isConsistentHash;
  const perTryTimeoutMs = spec?.perTryTimeout ? parseDurationMs(spec.perTryTimeout) : null;
  const backoffMs = spec?.backoff ? parseDurationMs(spec.backoff) : null;
  return {
    retryOn: conditions.text,
    numRetries: attempts,
    ...(perTryTimeoutMs === null ? {} : { perTryTimeout: formatDuration(perTryTimeoutMs) }),
    ...(spec?.retryRemoteLocalities ? { retryPriority: previousPriorities } : {}),
    ...(avoidsPrevious ? { retryHostPredicate: [previousHosts] } : {}),
    hostSelectionRetryMaxAttempts: '5',
    ...(conditions.statusCodes.length > 0 ? { retriableStatusCodes: [...conditions.statusCodes] } : {}),
    ...(backoffMs ? { retryBackOff: { baseInterval: formatDuration(backoffMs) } } : {}),
  };
}

/** Retries towards the own workload: two of what was surely not begun, unless the mesh says otherwise. There is one host only. */
export function inboundRetryPolicy(spec: RetrySpec | null): RetryPolicyJson | undefined {
  if (spec === null) return { retryOn: 'reset-before-request', numRetries: 2 };
  const attempts = spec.attempts ?? 0;
  if (attempts <= 0) return undefined;
  const conditions = parseConditions(spec.retryOn ?? '', 'reset-before-request');
  const backoffMs = spec.backoff ? parseDurationMs(spec.backoff) : null;
  return {
    retryOn: conditions.text,
    numRetries: attempts,
    ...(conditions.statusCodes.length > 0 ? { retriableStatusCodes: [...conditions.statusCodes] } : {}),
    ...(backoffMs ? { retryBackOff: { baseInterval: formatDuration(backoffMs) } } : {}),
  };
}

/** Conditions by name, and status codes that stand among them as numbers. */
function parseConditions(
  retryOn: string,
  standard = defaultConditions,
): { readonly text: string; readonly statusCodes: readonly number[] } {
  if (retryOn.trim() === '') return { text: standard, statusCodes: [] };
  const parts = retryOn
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const isStatus = (part: string) => /^[1-5]\d\d$/.test(part);
  const statusCodes = parts.filter(isStatus).map(Number);
  const names = parts.filter((part) => !isStatus(part));
  if (statusCodes.length > 0 && !names.includes('retriable-status-codes')) names.push('retriable-status-codes');
  return { text: names.join(','), statusCodes };
}
