/** Upper bounds of Envoy's latency buckets, in milliseconds; a last bucket holds what is slower. */
export const bucketBounds = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000,
] as const;

/** What is counted for each set of labels, one number per column. */
export const column = {
  requests: 0,
  durationSum: 1,
  requestBytes: 2,
  responseBytes: 3,
  opened: 4,
  closed: 5,
  sentBytes: 6,
  receivedBytes: 7,
  /** First of the latency buckets; not cumulative. */
  firstBucket: 8,
} as const;

export const columnCount = column.firstBucket + bucketBounds.length + 1;

/** Increases over some time: one number per column. */
export type Increases = Float64Array;

export const noIncreases = (): Increases => new Float64Array(columnCount);

/** The latency below which `quantile` (0 to 1) of the requests were answered, interpolated within its bucket; null without requests. */
export function latencyQuantile(increases: Increases, quantile: number): number | null {
  let total = 0;
  for (let bucket = column.firstBucket; bucket < columnCount; bucket++) total += increases[bucket] ?? 0;
  if (total <= 0) return null;
  const rank = quantile * total;
  let below = 0;
  for (let index = 0; index <= bucketBounds.length; index++) {
    const count = increases[column.firstBucket + index] ?? 0;
    const lower = index === 0 ? 0 : (bucketBounds[index - 1] ?? 0);
    const upper = bucketBounds[index];
    if (below + count >= rank && count > 0) return upper === undefined ? lower : lower + ((upper - lower) * (rank - below)) / count;
    below += count;
  }
  return bucketBounds.at(-1) ?? null;
}
