/** How soon a drain asks clients to leave. */
export type DrainStrategy = 'gradual' | 'immediate';

/** A drain under way: each response asks whether its client should leave. */
export class Drain {
  #startedAt: number;
  #timeMs: number;
  #strategy: DrainStrategy;
  #now: () => number;
  #random: () => number;

  constructor(strategy: DrainStrategy, timeMs: number, clock: { readonly now: () => number; readonly random: () => number }) {
    this.#strategy = strategy;
    this.#timeMs = timeMs;
    this.#now = clock.now;
    this.#random = clock.random;
    this.#startedAt = clock.now();
  }

  /** Always with `immediate`; with `gradual` more and more often until the time has passed, so that clients do not all come back at once. */
  get asksToLeave(): boolean {
    if (this.#strategy === 'immediate') return true;
    return this.#random() * this.#timeMs < this.#now() - this.#startedAt;
  }
}
