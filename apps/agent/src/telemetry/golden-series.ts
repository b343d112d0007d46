import type { GoldenSeries } from '../api/types.ts';
import type { SeriesStore } from './series-store.ts';
import type { TrafficLabels } from './traffic-labels.ts';
import { TrafficSum } from './traffic-sum.ts';

export interface SeriesRange {
  readonly from: number;
  readonly to: number;
}

const wantedPoints = 60;
const steps = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200];

/** Golden signals over time of the traffic that `keyOf` gives a key, one series per key. Each point looks back over at least 5 seconds. */
export function goldenSeries(
  store: SeriesStore,
  { from, to }: SeriesRange,
  keyOf: (labels: TrafficLabels) => string | null,
): ReadonlyMap<string, GoldenSeries> {
  const stepSeconds = steps.find((step) => (to - from) / 1000 / step <= wantedPoints) ?? 7_200;
  const stepMs = stepSeconds * 1000;
  const lookBackMs = Math.max(stepMs, 5_000);
  const last = Math.floor(to / stepMs) * stepMs;
  const timestamps: number[] = [];
  for (let at = last - Math.floor((to - from) / stepMs) * stepMs + stepMs; at <= last; at += stepMs) timestamps.push(at);
  const sumsByKey = new Map<string, TrafficSum[]>();
  timestamps.forEach((at, index) => {
    store.each(at - lookBackMs, at, (labels, increases) => {
      const key = keyOf(labels);
      if (key === null) return;
      let sums = sumsByKey.get(key);
      if (!sums) {
        sums = timestamps.map(() => new TrafficSum());
        sumsByKey.set(key, sums);
      }
      sums[index]?.add(labels, increases);
    });
  });
  return new Map([...sumsByKey].map(([key, sums]) => [key, toSeries(stepSeconds, timestamps, sums, lookBackMs / 1000)]));
}

/** A series without traffic, for what was not called. */
export function emptySeries(): GoldenSeries {
  return toSeries(5, [], [], 5);
}

function toSeries(stepSeconds: number, timestamps: readonly number[], sums: readonly TrafficSum[], seconds: number): GoldenSeries {
  const stats = sums.map((sum) => sum.stats(seconds));
  return {
    stepSeconds,
    timestamps,
    requestRate: stats.map(({ requestRate }) => requestRate),
    errorPercent: stats.map(({ errorPercent }) => errorPercent),
    p50Ms: stats.map(({ p50Ms }) => p50Ms),
    p95Ms: stats.map(({ p95Ms }) => p95Ms),
    p99Ms: stats.map(({ p99Ms }) => p99Ms),
    sentBytesRate: stats.map(({ sentBytesRate }) => sentBytesRate),
    receivedBytesRate: stats.map(({ receivedBytesRate }) => receivedBytesRate),
  };
}
