import { type ConsecutiveFailure, type OutlierCounts, outlierCount } from './outlier-counts.ts';

/** Results of the last complete review interval: reviews judge nothing else. */
export class SuccessRate {
  readonly #counts: OutlierCounts;
  readonly #total: number;
  readonly #successes: number;
  /** Requests of the last complete interval. */
  volume = 0;
  #lastSuccesses = 0;

  /** `total` and `successes`: where they are counted. */
  constructor(counts: OutlierCounts, total: number, successes: number) {
    this.#counts = counts;
    this.#total = total;
    this.#successes = successes;
  }

  /** Begins the next interval. */
  turn(): void {
    this.volume = this.#counts.take(this.#total);
    this.#lastSuccesses = this.#counts.take(this.#successes);
  }

  /** Per cent of them that succeeded. */
  get percent(): number {
    return (this.#lastSuccesses * 100) / this.volume;
  }
}

/** What outlier detection remembers of one host. Times are monotonic milliseconds. */
export class OutlierMonitor {
  readonly counts: OutlierCounts;
  readonly onLimit: (type: ConsecutiveFailure) => void;
  readonly external: SuccessRate;
  readonly local: SuccessRate;
  /** All ejections so far. */
  ejections = 0;
  /** Multiplies the base ejection time; goes down again while the host behaves. */
  backoff = 0;
  ejectedAt = 0;
  jitterMs = 0;
  /** null while it was never returned. */
  returnedAt: number | null = null;

  /** `onLimit`: told when so many failures in a row were counted as eject the host. */
  constructor(counts: OutlierCounts, onLimit: (type: ConsecutiveFailure) => void) {
    this.counts = counts;
    this.onLimit = onLimit;
    this.external = new SuccessRate(counts, outlierCount.externalTotal, outlierCount.externalSuccesses);
    this.local = new SuccessRate(counts, outlierCount.localTotal, outlierCount.localSuccesses);
  }

  resetConsecutive(): void {
    this.counts.take(outlierCount.consecutive_5xx);
    this.counts.take(outlierCount.consecutive_gateway_failure);
    this.counts.take(outlierCount.consecutive_local_origin_failure);
  }
}
