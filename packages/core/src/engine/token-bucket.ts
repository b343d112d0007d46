import type { TokenBucketPlan } from '../plan/http-filter-plan.ts';

/** Where a bucket keeps its one number; threads that share it share the bucket. */
export interface TokenCell {
  load(): number;
  /** Replaces the number that was loaded last; false when somebody else did meanwhile. */
  replace(value: number): boolean;
}

class OwnCell implements TokenCell {
  #value = 0;

  load(): number {
    return this.#value;
  }

  replace(value: number): boolean {
    this.#value = value;
    return true;
  }
}

/** A bucket that nothing fills holds what it began with. */
const slowestPerMs = 1e-9;

/**
 * A bucket that fills steadily, at `tokensPerFill` in each `fillIntervalMs`, up to `maxTokens`: Envoy's token bucket, which like this one
 * remembers only since when it would have been filling had it been empty then. Times are monotonic milliseconds.
 */
export class TokenBucket {
  readonly plan: TokenBucketPlan;
  readonly #perMs: number;
  readonly #emptyAt: TokenCell;

  /** A bucket begins full; one in a shared cell that was begun before (its number is not 0) goes on as it is. */
  constructor(plan: TokenBucketPlan, now: number, cell: TokenCell = new OwnCell()) {
    this.plan = plan;
    this.#perMs = plan.fillIntervalMs > 0 ? plan.tokensPerFill / plan.fillIntervalMs : slowestPerMs;
    this.#emptyAt = cell;
    if (cell.load() === 0) cell.replace(now - plan.maxTokens / this.#perMs);
  }

  /** Tokens per millisecond. */
  get rate(): number {
    return this.#perMs;
  }

  /** Takes so many tokens; false where there are fewer. */
  take(now: number, count = 1): boolean {
    for (;;) {
      const tokens = this.#tokens(now);
      if (tokens < count) return false;
      if (this.#emptyAt.replace(now - (tokens - count) / this.#perMs)) return true;
    }
  }

  /** Whole tokens left. */
  remaining(now: number): number {
    return Math.floor(this.#tokens(now));
  }

  /** Milliseconds until there is a token; 0 while there is one. */
  untilNextMs(now: number): number {
    const tokens = this.#tokens(now);
    return tokens >= 1 || this.#perMs === slowestPerMs ? 0 : (1 - tokens) / this.#perMs;
  }

  #tokens(now: number): number {
    return Math.min(this.plan.maxTokens, (now - this.#emptyAt.load()) * this.#perMs);
  }
}
