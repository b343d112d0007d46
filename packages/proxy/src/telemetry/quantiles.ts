import type { HistogramSample } from './stat-sample.ts';

/** The quantiles that Envoy tells of histograms, in per cent. */
export const quantiles: readonly number[] = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100];

/** A quantile by linear interpolation within its bucket. */
export function quantileOf({ bounds, counts, count }: HistogramSample, percent: number): number {
  const wanted = (count * percent) / 100;
  let passed = 0;
  for (let i = 0; i < counts.length; i++) {
    const here = counts[i] ?? 0;
    if (here === 0 || passed + here < wanted) {
      passed += here;
      continue;
    }
    const low = i === 0 ? 0 : (bounds[i - 1] ?? 0);
    const high = bounds[i] ?? low;
    return round(low + ((high - low) * Math.max(0, wanted - passed)) / here);
  }
  return round(bounds[bounds.length - 1] ?? 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
