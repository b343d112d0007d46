const size = 624;
const shift = 397;

/** The 32-bit Mersenne Twister (`std::mt19937`): the sequence that Envoy shuffles hosts by. */
export class MersenneTwister {
  readonly #state = new Uint32Array(size);
  #at = size;

  /** `seed` is a 32-bit number. */
  constructor(seed: number) {
    this.#state[0] = seed;
    for (let i = 1; i < size; i++) {
      const before = this.#word(i - 1);
      this.#state[i] = Math.imul(1_812_433_253, before ^ (before >>> 30)) + i;
    }
  }

  /** The next number, 0 … 2³² - 1. */
  next(): number {
    if (this.#at === size) this.#twist();
    let word = this.#word(this.#at++);
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /** A number below `limit`, each equally likely: numbers past the last whole interval are drawn again. */
  below(limit: number): number {
    const interval = Math.floor(2 ** 32 / limit);
    for (;;) {
      const drawn = Math.floor(this.next() / interval);
      if (drawn < limit) return drawn;
    }
  }

  #twist(): void {
    for (let i = 0; i < size; i++) {
      const mixed = (this.#word(i) & 0x80000000) | (this.#word((i + 1) % size) & 0x7fffffff);
      this.#state[i] = this.#word((i + shift) % size) ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    }
    this.#at = 0;
  }

  #word(index: number): number {
    return this.#state[index] ?? 0;
  }
}
