import type { CircuitBreakerPlan } from '@weft/core/plan/cluster-plan';

/** What is under way at one cluster and priority, against its limits. */
export class Breaker {
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
    const budget = this.limits.retryBudget;
    if (budget === null) return this.retries < this.limits.maxRetries;
    const allowed = Math.floor(((this.requests + this.pending) * budget.budgetPercent) / 100);
    return this.retries < Math.max(allowed, budget.minRetryConcurrency);
  }
}
