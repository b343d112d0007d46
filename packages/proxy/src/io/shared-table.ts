/** The memory behind a table; it is passed to threads as it is. */
export interface SharedMemory {
  readonly threads: number;
  readonly rows: number;
  readonly buffer: SharedArrayBuffer;
  /** `process.hrtime` when it was made, in nanoseconds. */
  readonly startedAt: bigint;
}

/** Counts of one row that each thread has a share of; the first word of a share is how often the thread holds the row. */
const shareWords = 8;
/** Words of a row that all threads change. */
const commonWords = 8;
const keyWords = 2;
const headerWords = 16;

/** How many counts a row has, and how many common words. */
export const rowShares: number = shareWords - 1;
export const rowWords: number = commonWords;

export function createSharedMemory(threads: number, rows = 1 << 15): SharedMemory {
  const words = headerWords + rows * (keyWords + commonWords + threads * shareWords);
  return { threads, rows, buffer: new SharedArrayBuffer(words * 4), startedAt: process.hrtime.bigint() };
}

/**
 * Rows of numbers that the threads of a process keep together, found by name. A row lives while a thread holds it. Of counts every thread
 * writes its own share only, so that nothing has to be locked and a thread that crashed leaves nothing behind; only finding a row takes a
 * lock. The memory is one hash table with open addressing: a key of 0 ends a search, and a row that nobody holds may be taken over.
 */
export class SharedTable {
  readonly #memory: SharedMemory;
  readonly thread: number;
  readonly #words: Int32Array<SharedArrayBuffer>;

  /** `thread`: 0 … threads - 1; no two at the same time may have the same. */
  constructor(memory: SharedMemory, thread: number) {
    this.#memory = memory;
    this.thread = thread;
    this.#words = new Int32Array(memory.buffer);
  }

  /** Milliseconds since the memory was made: the same clock in all threads. */
  now(): number {
    return Number(process.hrtime.bigint() - this.#memory.startedAt) / 1e6;
  }

  /** The row of a name, held once more; null when the table is full. */
  hold(name: string): SharedRow | null {
    const [high, low] = hashOf(name);
    this.#lock();
    try {
      const row = this.#find(high, low);
      if (row === null) return null;
      Atomics.add(this.#words, this.#shareAt(row, this.thread), 1);
      return this.#row(row);
    } finally {
      this.#unlock(this.thread);
    }
  }

  /** Gives back all that a thread held and counted that is no more. To be called by another thread. */
  forget(thread: number): void {
    this.#unlock(thread);
    for (let row = 0; row < this.#memory.rows; row++) {
      const at = this.#shareAt(row, thread);
      if (Atomics.load(this.#words, at) === 0) continue;
      for (let word = shareWords - 1; word >= 0; word--) Atomics.store(this.#words, at + word, 0);
    }
  }

  #row(row: number): SharedRow {
    const { threads, rows } = this.#memory;
    return new SharedRow(this.#words, {
      threads,
      thread: this.thread,
      first: this.#shareAt(row, 0),
      stride: rows * shareWords,
      common: headerWords + rows * keyWords + row * commonWords,
    });
  }

  /** Where this key is, else where it can be put; a row that is taken over begins with zeros. */
  #find(high: number, low: number): number | null {
    const { rows } = this.#memory;
    let free: number | null = null;
    for (let probe = 0; probe < rows; probe++) {
      const row = ((low >>> 0) + probe) % rows;
      const at = headerWords + row * keyWords;
      const isNever = this.#words[at] === 0 && this.#words[at + 1] === 0;
      if (!isNever && this.#words[at] === high && this.#words[at + 1] === low) {
        if (!this.#isHeld(row)) this.#clear(row);
        return row;
      }
      if (free === null && (isNever || !this.#isHeld(row))) free = row;
      if (isNever) break;
    }
    if (free === null) return null;
    this.#clear(free);
    this.#words[headerWords + free * keyWords] = high;
    this.#words[headerWords + free * keyWords + 1] = low;
    return free;
  }

  #isHeld(row: number): boolean {
    for (let thread = 0; thread < this.#memory.threads; thread++)
      if (Atomics.load(this.#words, this.#shareAt(row, thread)) > 0) return true;
    return false;
  }

  #clear(row: number): void {
    const at = headerWords + this.#memory.rows * keyWords + row * commonWords;
    for (let word = 0; word < commonWords; word++) Atomics.store(this.#words, at + word, 0);
    for (let thread = 0; thread < this.#memory.threads; thread++) {
      const share = this.#shareAt(row, thread);
      for (let word = 1; word < shareWords; word++) Atomics.store(this.#words, share + word, 0);
    }
  }

  /** Shares of a thread lie together, so that threads do not write the same cache lines. */
  #shareAt(row: number, thread: number): number {
    const { rows } = this.#memory;
    return headerWords + rows * (keyWords + commonWords) + (thread * rows + row) * shareWords;
  }

  /** The word of the lock holds who has it, so that the lock of a thread that crashed can be undone. */
  #lock(): void {
    for (;;) {
      const holder = Atomics.compareExchange(this.#words, 0, 0, this.thread + 1);
      if (holder === 0) return;
      Atomics.wait(this.#words, 0, holder, 10);
    }
  }

  #unlock(thread: number): void {
    if (Atomics.compareExchange(this.#words, 0, thread + 1, 0) === thread + 1) Atomics.notify(this.#words, 0, 1);
  }
}

/** Where the words of a row are. */
interface RowPlace {
  readonly threads: number;
  /** The one whose share may be written. */
  readonly thread: number;
  /** The share of the first thread, and how far apart the shares are. */
  readonly first: number;
  readonly stride: number;
  readonly common: number;
}

/** One row as a thread holds it. Counts are numbered from 0 to `rowShares` - 1, common words from 0 to `rowWords` - 1. */
export class SharedRow {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #first: number;
  readonly #stride: number;
  readonly #end: number;
  readonly #own: number;
  readonly #common: number;
  #isHeld = true;

  constructor(words: Int32Array<SharedArrayBuffer>, { threads, thread, first, stride, common }: RowPlace) {
    this.#words = words;
    this.#first = first;
    this.#stride = stride;
    this.#end = first + threads * stride;
    this.#own = first + thread * stride;
    this.#common = common;
  }

  /** Changes this thread's share of a count. */
  add(count: number, change: number): void {
    // Nobody else writes here, and an aligned word is written whole: no need to pay for a fence.
    const words = this.#words;
    const at = this.#own + 1 + count;
    words[at] = (words[at] ?? 0) + change;
  }

  /** A count over all threads, as far as their last changes are seen here: as exact as a look before a change can be. */
  total(count: number): number {
    const words = this.#words;
    let total = 0;
    for (let share = this.#first; share < this.#end; share += this.#stride) total += words[share + 1 + count] ?? 0;
    return total;
  }

  /** Changes a common word; answers what it is then. */
  addCommon(word: number, change: number): number {
    return Atomics.add(this.#words, this.#common + word, change) + change;
  }

  /** Sets a common word; answers what it was. */
  exchangeCommon(word: number, value: number): number {
    return Atomics.exchange(this.#words, this.#common + word, value);
  }

  /** Two neighbouring common words as one number of 64 bits; `word` is even. */
  wideWord(word: number): BigInt64Array<SharedArrayBuffer> {
    return new BigInt64Array(this.#words.buffer, (this.#common + word) * 4, 1);
  }

  /** Holds it once less; only the first call counts. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    Atomics.sub(this.#words, this.#own, 1);
  }
}

/** 64 bits of a name, never all 0: FNV-1a over its code units, twice with different beginnings. */
function hashOf(name: string): readonly [high: number, low: number] {
  let high = 0x811c9dc5 | 0;
  let low = 0x01234567;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit ^ (high >>> 15), 0x85ebca6b);
    low ^= low >>> 13;
  }
  return [high, low === 0 ? 1 : low];
}
