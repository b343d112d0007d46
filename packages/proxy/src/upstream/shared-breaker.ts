import type { CircuitBreakerPlan, ClusterPlan } from '@weft/core/plan/cluster-plan';
import type { SharedRow, SharedTable } from '../io/shared-table.ts';
import { type Breaker, type BreakerCounts, maxRetries, OwnBreaker } from './breakers.ts';
import { connectionKey } from './connection-key.ts';

/** The breakers of a cluster: of this thread, or such that their limits hold for all threads that share the table. */
export function createBreakers(plan: ClusterPlan, table: SharedTable | null): { readonly default: Breaker; readonly high: Breaker } {
  const { default: usual, high } = plan.circuitBreakers;
  if (table === null) return { default: new OwnBreaker(usual), high: new OwnBreaker(high) };
  // Clusters that replace each other have breakers of their own, as their connections are.
  const name = (priority: string) => (): string => `breaker/${priority}/${plan.name}/${connectionKey(plan)}`;
  return { default: new SharedBreaker(usual, table, name('default')), high: new SharedBreaker(high, table, name('high')) };
}

/** Limits that no process reaches need no look at what the other threads have. */
const unlimited = 1 << 30;

/**
 * A breaker that counts what all threads have under way. Threads look before they count without a lock, as Envoy's do, so that a limit may
 * be passed by as many as there are threads.
 */
export class SharedBreaker implements Breaker {
  #limits: CircuitBreakerPlan;
  /** Without limits that can be reached nothing is shared. */
  #isShared: boolean;
  readonly #table: SharedTable;
  readonly #name: () => string;
  #row: SharedRow | null = null;
  #isFull = false;
  #isClosed = false;
  #connections = 0;
  #pending = 0;
  #requests = 0;
  #retries = 0;

  /** `name` tells which breakers are one. */
  constructor(limits: CircuitBreakerPlan, table: SharedTable, name: () => string) {
    this.#limits = limits;
    this.#isShared = isLimited(limits);
    this.#table = table;
    this.#name = name;
  }

  get limits(): CircuitBreakerPlan {
    return this.#limits;
  }

  set limits(limits: CircuitBreakerPlan) {
    const before = this.#isShared;
    this.#limits = limits;
    this.#isShared = isLimited(limits);
    if (this.#isShared === before) return;
    // From now on what is under way counts for all, or no longer does.
    const sign = this.#isShared ? 1 : -1;
    for (const [count, own] of [this.#connections, this.#pending, this.#requests, this.#retries].entries())
      this.#shared()?.add(count, sign * own);
  }

  get connections(): number {
    return this.#connections;
  }

  set connections(value: number) {
    this.#count(0, value - this.#connections);
    this.#connections = value;
    if (this.#isClosed) this.#leave();
  }

  get pending(): number {
    return this.#pending;
  }

  set pending(value: number) {
    this.#count(1, value - this.#pending);
    this.#pending = value;
    if (this.#isClosed) this.#leave();
  }

  get requests(): number {
    return this.#requests;
  }

  set requests(value: number) {
    this.#count(2, value - this.#requests);
    this.#requests = value;
    if (this.#isClosed) this.#leave();
  }

  get retries(): number {
    return this.#retries;
  }

  set retries(value: number) {
    this.#count(3, value - this.#retries);
    this.#retries = value;
    if (this.#isClosed) this.#leave();
  }

  get mayConnect(): boolean {
    const limit = this.limits.maxConnections;
    return limit >= unlimited || this.#total(0, this.#connections) < limit;
  }

  get mayQueue(): boolean {
    const limit = this.limits.maxPendingRequests;
    return limit >= unlimited || this.#total(1, this.#pending) < limit;
  }

  get mayRequest(): boolean {
    const limit = this.limits.maxRequests;
    return limit >= unlimited || this.#total(2, this.#requests) < limit;
  }

  get mayRetry(): boolean {
    const active = this.limits.retryBudget === null ? 0 : this.#total(2, this.#requests) + this.#total(1, this.#pending);
    const limit = maxRetries(this.limits, active);
    return limit >= unlimited || this.#total(3, this.#retries) < limit;
  }

  counts(): BreakerCounts {
    return {
      connections: this.#total(0, this.#connections),
      pending: this.#total(1, this.#pending),
      requests: this.#total(2, this.#requests),
      retries: this.#total(3, this.#retries),
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#leave();
  }

  #count(count: number, change: number): void {
    if (this.#isShared) this.#shared()?.add(count, change);
  }

  /** `own`: what this thread has, where there is no room for a row. */
  #total(count: number, own: number): number {
    return this.#isShared ? (this.#shared()?.total(count) ?? own) : own;
  }

  /** Most clusters are never asked, and many have limits at high priority that nobody uses. */
  #shared(): SharedRow | null {
    if (this.#row !== null || this.#isFull) return this.#row;
    this.#row = this.#table.hold(this.#name());
    this.#isFull = this.#row === null;
    return this.#row;
  }

  #leave(): void {
    if (this.#connections + this.#pending + this.#requests + this.#retries === 0) this.#row?.release();
  }
}

function isLimited({ maxConnections, maxPendingRequests, maxRequests, maxRetries: retries, retryBudget }: CircuitBreakerPlan): boolean {
  return retryBudget !== null || [maxConnections, maxPendingRequests, maxRequests, retries].some((limit) => limit < unlimited);
}
