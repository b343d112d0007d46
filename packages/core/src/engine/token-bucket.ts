import type { TokenBucketPlan } from '../plan/http-filter-plan.ts';

/**
 * A bucket that fills steadily, at `tokensPerFill` in each `fillIntervalMs`, up to `maxTokens`: Envoy's token bucket. Times are monotonic
 * milliseconds.
 */
export class TokenBucket {
  readonly plan: TokenBucketPlan;
  readonly #perMs: number;
  #tokens: number;
  #filledAt: number;

  constructor(plan: TokenBucketPlan, now: number) {
    this.plan = plan;
    this.#perMs = plan.fillIntervalMs > 0 ? plan.tokensPerFill / plan.fillIntervalMs : 0;
    this.#tokens = plan.maxTokens;
    this.#filledAt = now;
  }

  /** Tokens per millisecond. */
  get rate(): number {
    return this.#perMs;
  }

  /** Takes a token; false where there is none. */
  take(now: number): boolean {
    this.#fill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Whole tokens left. */
  remaining(now: number): number {
    this.#fill(now);
    return Math.floor(this.#tokens);
  }

  /** Milliseconds until there is a token; 0 while there is one. */
  untilNextMs(now: number): number {
    this.#fill(now);
    return this.#tokens >= 1 || this.#perMs === 0 ? 0 : (1 - this.#tokens) / this.#perMs;
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.plan.maxTokens, this.#tokens + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
  }
}
