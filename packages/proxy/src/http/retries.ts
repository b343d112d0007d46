import type { RetryPolicyPlan } from '@weft/core/plan/route-plan';
import type { RequestGroups, RetryEvent } from '../telemetry/virtual-host-stats.ts';
import type { Breaker } from '../upstream/breakers.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { asksForBackoff, backoffMs, type TryOutcome } from './retry.ts';

/** The retries of one request: how many there were, whether there may be another, and the pause before it. */
export class Retries {
  count = 0;
  #policy: RetryPolicyPlan;
  #cluster: Cluster;
  #breaker: Breaker;
  readonly #groups: RequestGroups | null;
  #timer: NodeJS.Timeout | null = null;

  constructor(policy: RetryPolicyPlan, cluster: Cluster, breaker: Breaker, groups: RequestGroups | null) {
    this.#groups = groups;
    this.#policy = policy;
    this.#cluster = cluster;
    this.#breaker = breaker;
  }

  /** Whether another try is allowed, by the policy's number and the retry breaker; `canRepeat`: the body is still at hand. */
  mayRetry(exchange: ExchangeRecord, canRepeat: boolean): boolean {
    const allowed = this.#policy.attempts ?? 1;
    if (this.count >= allowed) {
      this.#record('upstream_rq_retry_limit_exceeded');
      exchange.flag('URX');
      return false;
    }
    if (!canRepeat) return false;
    if (this.#breaker.mayRetry) return true;
    this.#record('upstream_rq_retry_overflow');
    return false;
  }

  /** Runs `retry` after the back-off. The retry breaker counts it until its outcome is known too. */
  schedule(exchange: ExchangeRecord, outcome: TryOutcome, retry: () => void): void {
    this.count++;
    this.#record('upstream_rq_retry');
    this.#breaker.retries++;
    const { random, wallClock } = exchange.context;
    const isAsked = asksForBackoff(this.#policy, outcome, wallClock());
    this.#cluster.stats.count(isAsked ? 'upstream_rq_retry_backoff_ratelimited' : 'upstream_rq_retry_backoff_exponential');
    const wait = backoffMs(this.#policy, this.count, random(), outcome, wallClock());
    this.#timer = setTimeout(retry, wait);
  }

  /** The outcome of the last retry is known. */
  settle(): void {
    if (this.#timer === null) return;
    this.#timer = null;
    this.#breaker.retries--;
  }

  #record(event: RetryEvent): void {
    this.#cluster.stats.count(event);
    this.#groups?.count(event);
  }

  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.settle();
  }
}
