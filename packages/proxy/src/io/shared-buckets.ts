import { TokenBucket, type TokenCell } from '@weft/core/engine/token-bucket';
import type { TokenBucketPlan } from '@weft/core/plan/http-filter-plan';
import type { SharedRow, SharedTable } from './shared-table.ts';

/** A token bucket at its own clock. */
export interface TimedBucket {
  readonly bucket: TokenBucket;
  /** Monotonic milliseconds, to be told to the bucket. */
  now(): number;
}

/** Makes the token buckets of a process: those of one name are one for all threads that share the table. */
export class Buckets {
  readonly #table: SharedTable | null;
  readonly #now: () => number;
  /** Rows of buckets that nobody uses any more go. */
  readonly #unused = new FinalizationRegistry<SharedRow>((row) => row.release());

  constructor(table: SharedTable | null, now: () => number) {
    this.#table = table;
    this.#now = now;
  }

  /** Whether buckets have to be told apart by name. */
  get areShared(): boolean {
    return this.#table !== null;
  }

  /** A bucket of this thread. */
  own(plan: TokenBucketPlan): TimedBucket {
    return { bucket: new TokenBucket(plan, this.#now()), now: this.#now };
  }

  /** The bucket of this name, full where it is new; of this thread where there is one only, or no room. */
  named(plan: TokenBucketPlan, name: string): TimedBucket {
    const table = this.#table;
    const row = table?.hold(`bucket/${name}`) ?? null;
    if (table === null || row === null) return this.own(plan);
    const now = (): number => table.now();
    const made = { bucket: new TokenBucket(plan, now(), new SharedCell(row)), now };
    this.#unused.register(made, row);
    return made;
  }
}

/** A number in memory that threads share, replaced only where nobody else replaced it. */
class SharedCell implements TokenCell {
  readonly #word: BigInt64Array<SharedArrayBuffer>;
  #loaded = 0n;

  constructor(row: SharedRow) {
    this.#word = row.wideWord(0);
  }

  load(): number {
    this.#loaded = Atomics.load(this.#word, 0);
    asBits[0] = this.#loaded;
    return asNumber[0] ?? 0;
  }

  replace(value: number): boolean {
    asNumber[0] = value;
    return Atomics.compareExchange(this.#word, 0, this.#loaded, asBits[0] ?? 0n) === this.#loaded;
  }
}

const scratch = new ArrayBuffer(8);
const asNumber = new Float64Array(scratch);
const asBits = new BigInt64Array(scratch);
