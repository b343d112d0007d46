import type { HealthCheckPlan } from '../plan/cluster-plan.ts';

/**
 * How one check of a host ended. `network`: no connection, no answer in time; `active`: an answer that says no; `retriable`: one that may be
 * repeated; `passive`: a response to ordinary traffic that asked to be left alone.
 */
export type CheckOutcome =
  | { readonly kind: 'success'; readonly isDegraded: boolean }
  | { readonly kind: 'failure'; readonly cause: 'network' | 'active' | 'retriable' | 'passive' };

/** The health of one host by active checks, with Envoy's thresholds: a new host is unhealthy until its first success. */
export class HealthState {
  isFailed = true;
  isDegraded = false;
  #isFirst = true;
  #successes = 0;
  #failures = 0;
  #isPending = false;
  #lastSucceeded = false;

  /** True while no check has ended. */
  get isUnchecked(): boolean {
    return this.#isFirst;
  }

  /** Takes an outcome in; true when the host's health changed. */
  apply(outcome: CheckOutcome, plan: HealthCheckPlan): boolean {
    const before = [this.isFailed, this.isDegraded] as const;
    this.#isPending = false;
    this.#lastSucceeded = outcome.kind === 'success';
    if (outcome.kind === 'success') this.#onSuccess(outcome.isDegraded, plan);
    else this.#onFailure(outcome.cause, plan);
    this.#isFirst = false;
    return before[0] !== this.isFailed || before[1] !== this.isDegraded;
  }

  /** Milliseconds to the next check. Clusters without traffic so far are checked more slowly. `random` is uniform in [0, 1). */
  nextDelayMs(plan: HealthCheckPlan, hasTraffic: boolean, random: () => number): number {
    let base: number;
    if (!hasTraffic) base = this.#lastSucceeded ? plan.noTrafficHealthyIntervalMs : plan.noTrafficIntervalMs;
    else if (this.#lastSucceeded) base = this.#isPending ? plan.healthyEdgeIntervalMs : plan.intervalMs;
    else base = this.#isPending ? plan.unhealthyEdgeIntervalMs : plan.unhealthyIntervalMs;
    const jitter = (base * plan.intervalJitterPercent) / 100;
    return Math.max(1, base + random() * jitter + random() * plan.intervalJitterMs);
  }

  #onSuccess(isDegraded: boolean, { healthyThreshold }: HealthCheckPlan): void {
    this.#failures = 0;
    // The very first result counts at once: new hosts take part without delay.
    if (this.isFailed && !this.#isFirst && ++this.#successes < healthyThreshold) this.#isPending = true;
    else if (this.isFailed) {
      this.isFailed = false;
      this.#successes = 0;
    }
    this.isDegraded = isDegraded;
  }

  #onFailure(cause: 'network' | 'active' | 'retriable' | 'passive', { unhealthyThreshold }: HealthCheckPlan): void {
    this.#successes = 0;
    if (this.isFailed) return;
    const mayWait = cause === 'network' || cause === 'retriable';
    if (mayWait && ++this.#failures < unhealthyThreshold) this.#isPending = true;
    else {
      this.isFailed = true;
      this.#failures = 0;
    }
  }
}
