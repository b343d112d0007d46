/** Requests of one review interval and of the one before: reviews judge complete intervals only. */
export class SuccessRate {
  #total = 0;
  #successes = 0;
  #lastTotal = 0;
  #lastSuccesses = 0;

  count(isSuccess: boolean): void {
    this.#total++;
    if (isSuccess) this.#successes++;
  }

  /** Begins the next interval. */
  turn(): void {
    this.#lastTotal = this.#total;
    this.#lastSuccesses = this.#successes;
    this.#total = 0;
    this.#successes = 0;
  }

  /** Requests of the last complete interval. */
  get volume(): number {
    return this.#lastTotal;
  }

  /** Per cent of them that succeeded. */
  get percent(): number {
    return (this.#lastSuccesses * 100) / this.#lastTotal;
  }
}

/** What outlier detection remembers of one host. Times are monotonic milliseconds. */
export class OutlierMonitor {
  consecutive5xx = 0;
  consecutiveGateway = 0;
  consecutiveLocal = 0;
  readonly external: SuccessRate = new SuccessRate();
  readonly local: SuccessRate = new SuccessRate();
  /** All ejections so far. */
  ejections = 0;
  /** Multiplies the base ejection time; goes down again while the host behaves. */
  backoff = 0;
  ejectedAt = 0;
  jitterMs = 0;
  /** null while it was never returned. */
  returnedAt: number | null = null;

  resetConsecutive(): void {
    this.consecutive5xx = 0;
    this.consecutiveGateway = 0;
    this.consecutiveLocal = 0;
  }
}
