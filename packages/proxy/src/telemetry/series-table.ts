/** A group of metric series that one key stands for. Times are monotonic milliseconds. */
export interface Series {
  usedAt: number;
  /** Takes the series out of the registry. */
  release(): void;
}

/** Most groups kept: what callers choose (a Host header, say) must not fill the memory. */
const maxGroups = 4000;
const droppedAtOnce = 400;

/** Finds groups of series by key. When there are too many, those unused for longest go; with a rotation interval all that were not used for that long. */
export class SeriesTable<S extends Series> {
  #byKey: Map<string, S> = new Map();
  #sweepAt = 0;

  get(key: string): S | undefined {
    return this.#byKey.get(key);
  }

  add(key: string, series: S): void {
    if (this.#byKey.size >= maxGroups) this.#dropOldest();
    this.#byKey.set(key, series);
  }

  /** Drops what was not used for an interval; cheap when called often. */
  rotate(intervalMs: number, now: number): void {
    if (intervalMs === 0 || now < this.#sweepAt) return;
    this.#sweepAt = now + intervalMs / 2;
    for (const [key, series] of this.#byKey) if (now - series.usedAt > intervalMs) this.#drop(key, series);
  }

  #dropOldest(): void {
    const byAge = [...this.#byKey].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [key, series] of byAge.slice(0, droppedAtOnce)) this.#drop(key, series);
  }

  #drop(key: string, series: S): void {
    this.#byKey.delete(key);
    series.release();
  }
}
