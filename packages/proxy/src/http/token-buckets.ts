import type { Descriptor, Resume } from '@weft/core/engine/decision';
import type { LocalRateLimitPlan, TokenBucketPlan } from '@weft/core/plan/http-filter-plan';

/** A bucket that fills with time. */
export class TokenBucket {
  #plan: TokenBucketPlan;
  #tokens: number;
  #filledAt: number;

  constructor(plan: TokenBucketPlan, now: number) {
    this.#plan = plan;
    this.#tokens = plan.maxTokens;
    this.#filledAt = now;
  }

  take(now: number): boolean {
    const fills = Math.floor((now - this.#filledAt) / this.#plan.fillIntervalMs);
    if (fills > 0) {
      this.#tokens = Math.min(this.#plan.maxTokens, this.#tokens + fills * this.#plan.tokensPerFill);
      this.#filledAt += fills * this.#plan.fillIntervalMs;
    }
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** The buckets of local rate limits, by the configuration that they belong to. */
export class TokenBuckets {
  #byLimit: WeakMap<object, { main: TokenBucket | null; byDescriptor: Map<string, TokenBucket> }> = new WeakMap();

  /** The answer to a pending local rate limit filter. */
  judge(limit: LocalRateLimitPlan, descriptors: readonly Descriptor[], now: number, random: () => number): Resume['result'] {
    const draws = (share: { perMillion: number } | null): boolean => share !== null && random() * 1_000_000 < share.perMillion;
    if (!draws(limit.enabled) || this.#take(limit, descriptors, now) || !draws(limit.enforced)) return passed;
    const headers = (limit.responseHeaders?.add ?? []).map(({ name, value }) => [name, value.literal ?? value.text] as const);
    return {
      kind: 'deny',
      status: limit.status,
      body: 'local_rate_limited',
      headers,
      flag: 'RL',
      details: 'local_rate_limited',
      grpcStatus: null,
    };
  }

  #take(limit: LocalRateLimitPlan, descriptors: readonly Descriptor[], now: number): boolean {
    let buckets = this.#byLimit.get(limit);
    if (buckets === undefined) {
      buckets = { main: limit.bucket === null ? null : new TokenBucket(limit.bucket, now), byDescriptor: new Map() };
      this.#byLimit.set(limit, buckets);
    }
    const configured = limit.descriptors.find(({ entries }) => descriptors.some((descriptor) => isSame(entries, descriptor)));
    if (configured !== undefined) {
      const key = JSON.stringify(configured.entries);
      const bucket = buckets.byDescriptor.get(key) ?? new TokenBucket(configured.bucket, now);
      buckets.byDescriptor.set(key, bucket);
      return bucket.take(now);
    }
    return buckets.main?.take(now) ?? true;
  }
}

const passed: Resume['result'] = {
  kind: 'pass',
  headerChanges: [],
  responseHeaders: [],
  metadata: {},
  clearRoute: false,
  requestPrincipal: '',
};

function isSame(a: Descriptor, b: Descriptor): boolean {
  return a.length === b.length && a.every(([key, value], index) => b[index]?.[0] === key && (value === '' || b[index]?.[1] === value));
}
