import type { CircuitBreakerPlan } from '@weft/core/plan/cluster-plan';

/** What is under way at one cluster and priority, against its limits. `connections` … `retries` count what this thread has under way. */
export interface Breaker {
  limits: CircuitBreakerPlan;
  connections: number;
  pending: number;
  requests: number;
  retries: number;
  readonly mayConnect: boolean;
  readonly mayQueue: boolean;
  readonly mayRequest: boolean;
  readonly mayRetry: boolean;
  /** What is under way in the whole process. */
  counts(): BreakerCounts;
  /** Its cluster is no more; what is under way still counts. */
  close(): void;
}

/** What is under way. */
export interface BreakerCounts {
  readonly connections: number;
  readonly pending: number;
  readonly requests: number;
  readonly retries: number;
}

/** The breaker of a process with one thread. */
export class OwnBreaker implements Breaker {
  limits: CircuitBreakerPlan;
  connections = 0;
  pending = 0;
  requests = 0;
  retries = 0;

  constructor(limits: CircuitBreakerPlan) {
    this.limits = limits;
  }

  get mayConnect(): boolean {
    return this.connections < this.limits.maxConnections;
  }

  get mayQueue(): boolean {
    return this.pending < this.limits.maxPendingRequests;
  }

  get mayRequest(): boolean {
    return this.requests < this.limits.maxRequests;
  }

  get mayRetry(): boolean {
    return this.retries < maxRetries(this.limits, this.requests + this.pending);
  }

  counts(): BreakerCounts {
    return this;
  }

  close(): void {}
}

/** Retries that may be under way at once; with a budget it depends on the requests that are. */
export function maxRetries({ maxRetries: fixed, retryBudget }: CircuitBreakerPlan, active: number): number {
  if (retryBudget === null) return fixed;
  return Math.max(Math.floor((retryBudget.budgetPercent / 100) * active), retryBudget.minRetryConcurrency);
}
