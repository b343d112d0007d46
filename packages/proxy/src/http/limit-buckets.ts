import type { Descriptor } from '@weft/core/engine/decision';
import type { LocalRateLimitPlan, TokenBucketPlan } from '@weft/core/plan/http-filter-plan';
import type { Buckets, TimedBucket } from '../io/shared-buckets.ts';

/** Values of wildcard descriptors that have a bucket at the same time. */
const maxDescriptorBuckets = 1000;

/** What the buckets of a limit say to a request: whether it may go on, and the bucket with the least left (null: none was asked). */
export interface Taken {
  readonly isAllowed: boolean;
  readonly bucket: TimedBucket | null;
}

/** The buckets of one limit: its own, and those of its descriptors by their entries, wildcards filled in. */
export class LimitBuckets {
  readonly #limit: LocalRateLimitPlan;
  readonly #make: (plan: TokenBucketPlan, part: string) => TimedBucket;
  readonly #main: TimedBucket | null;
  readonly #byDescriptor: Map<string, TimedBucket> = new Map();

  /** `name` tells the limit from others in all threads alike; null for a limit of this thread alone. */
  constructor(limit: LocalRateLimitPlan, buckets: Buckets, name: string | null) {
    this.#limit = limit;
    this.#make = (plan, part) => (name === null ? buckets.own(plan) : buckets.named(plan, `${name} ${part}`));
    this.#main = limit.bucket === null ? null : this.#make(limit.bucket, '');
  }

  /** Takes `tokens` of every matching descriptor, slowest first, and of the limit's own bucket. */
  take(descriptors: readonly Descriptor[], tokens: number): Taken {
    const matched = this.#limit.descriptors.length === 0 ? none : this.#matching(descriptors);
    let least: TimedBucket | null = null;
    for (const each of matched) {
      if (!each.bucket.take(each.now(), tokens)) return { isAllowed: false, bucket: each };
      least = least === null ? each : less(least, each);
    }
    const main = this.#main;
    if (main !== null && (matched.length === 0 || this.#limit.alwaysConsumeDefaultBucket)) {
      if (!main.bucket.take(main.now(), tokens)) return { isAllowed: false, bucket: main };
      least = least === null ? main : less(least, main);
    }
    return { isAllowed: true, bucket: least };
  }

  #matching(descriptors: readonly Descriptor[]): readonly TimedBucket[] {
    const found: TimedBucket[] = [];
    for (const descriptor of descriptors) {
      const configured = this.#limit.descriptors.find(({ entries }) => isMatch(entries, descriptor));
      if (configured !== undefined) found.push(this.#bucketFor(configured.bucket, descriptor));
    }
    return found.sort((a, b) => a.bucket.rate - b.bucket.rate);
  }

  #bucketFor(plan: TokenBucketPlan, descriptor: Descriptor): TimedBucket {
    const byDescriptor = this.#byDescriptor;
    const key = JSON.stringify(descriptor);
    const known = byDescriptor.get(key);
    if (known !== undefined) {
      // Last in line again: the least recently used one goes first.
      byDescriptor.delete(key);
      byDescriptor.set(key, known);
      return known;
    }
    const made = this.#make(plan, key);
    byDescriptor.set(key, made);
    if (byDescriptor.size > maxDescriptorBuckets) byDescriptor.delete(byDescriptor.keys().next().value ?? '');
    return made;
  }
}

const none: readonly TimedBucket[] = [];

function less(a: TimedBucket, b: TimedBucket): TimedBucket {
  return b.bucket.remaining(b.now()) < a.bucket.remaining(a.now()) ? b : a;
}

/** A configured entry without a value stands for any. */
function isMatch(entries: Descriptor, descriptor: Descriptor): boolean {
  return (
    entries.length === descriptor.length &&
    entries.every(([key, value], index) => descriptor[index]?.[0] === key && (value === '' || descriptor[index]?.[1] === value))
  );
}
