import type { OutlierDetectionPlan } from '../plan/cluster-plan.ts';

/** How a try at a host ended: the connection (`connected`, `connectFailed`, `timeout`), or the status of its response. */
export type OutlierResult = 'connected' | 'connectFailed' | 'timeout' | number;

/** Failures of a host in a row, by the name of the ejection they lead to in Envoy's counters. */
export type ConsecutiveFailure = 'consecutive_5xx' | 'consecutive_gateway_failure' | 'consecutive_local_origin_failure';

/** What is counted of a host: failures in a row, and results of the interval under way by who they are to blame on. */
export const outlierCount = {
  consecutive_5xx: 0,
  consecutive_gateway_failure: 1,
  consecutive_local_origin_failure: 2,
  externalTotal: 3,
  externalSuccesses: 4,
  localTotal: 5,
  localSuccesses: 6,
} as const;

/** The counts of one host by their number in `outlierCount`. Threads that see results of the same host share them. */
export interface OutlierCounts {
  /** Counts one more; answers how many there are then. */
  increment(count: number): number;
  /** Begins at 0 again; answers how many there were. */
  take(count: number): number;
}

/** Counts of one thread. */
export class OwnOutlierCounts implements OutlierCounts {
  readonly #counts: number[] = Object.values(outlierCount).map(() => 0);

  increment(count: number): number {
    const value = (this.#counts[count] ?? 0) + 1;
    this.#counts[count] = value;
    return value;
  }

  take(count: number): number {
    const value = this.#counts[count] ?? 0;
    this.#counts[count] = 0;
    return value;
  }
}

/** Counts a result; `onLimit` is told when it is the last of so many failures in a row as eject a host. */
export function countResult(
  plan: OutlierDetectionPlan,
  counts: OutlierCounts,
  result: OutlierResult,
  onLimit: (type: ConsecutiveFailure) => void,
): void {
  if (typeof result === 'number') countStatus(plan, counts, result, onLimit);
  else if (plan.splitExternalLocalOriginErrors) countLocal(plan, counts, result === 'connected', onLimit);
  // Without the split what happens to connections counts as the status that clients get.
  else if (result !== 'connected') countStatus(plan, counts, result === 'timeout' ? 504 : 503, onLimit);
}

function countStatus(plan: OutlierDetectionPlan, counts: OutlierCounts, status: number, onLimit: (type: ConsecutiveFailure) => void): void {
  counts.increment(outlierCount.externalTotal);
  if (status < 500) {
    counts.increment(outlierCount.externalSuccesses);
    counts.take(outlierCount.consecutive_5xx);
    counts.take(outlierCount.consecutive_gateway_failure);
    return;
  }
  if (status >= 502 && status <= 504) {
    const isLimit = counts.increment(outlierCount.consecutive_gateway_failure) === plan.consecutiveGatewayFailure;
    if (isLimit) onLimit('consecutive_gateway_failure');
  } else counts.take(outlierCount.consecutive_gateway_failure);
  if (counts.increment(outlierCount.consecutive_5xx) === plan.consecutive5xx) onLimit('consecutive_5xx');
}

function countLocal(
  plan: OutlierDetectionPlan,
  counts: OutlierCounts,
  isSuccess: boolean,
  onLimit: (type: ConsecutiveFailure) => void,
): void {
  counts.increment(outlierCount.localTotal);
  if (isSuccess) {
    counts.increment(outlierCount.localSuccesses);
    counts.take(outlierCount.consecutive_local_origin_failure);
  } else if (counts.increment(outlierCount.consecutive_local_origin_failure) === plan.consecutiveLocalOriginFailure) {
    onLimit('consecutive_local_origin_failure');
  }
}
