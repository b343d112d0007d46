import { quantileOf, quantiles } from './quantiles.ts';
import type { HistogramSample, StatSample } from './stat-sample.ts';

/** How histograms are shown: by quantiles, by buckets that count what is below each bound, or by what lies between bounds. */
export type BucketMode = 'cumulative' | 'detailed' | 'disjoint' | 'summary';

/** `/stats` as Envoy prints it: counters and gauges by name, then histograms with their quantiles. */
export function statsText(samples: readonly StatSample[], mode: BucketMode = 'summary'): string {
  const lines = byName(samples).map(
    ({ name, value, histogram }) => `${name}:${histogram === null ? ` ${value}` : histogramText(histogram, mode)}\n`,
  );
  return lines.join('');
}

/** `/stats?format=json`. */
export function statsJson(samples: readonly StatSample[], mode: BucketMode = 'summary'): unknown {
  const all = byName(samples);
  const plain = all.filter(({ histogram }) => histogram === null);
  const stats: unknown[] = plain.map(({ name, value }) => ({ name, value }));
  if (plain.length < all.length)
    stats.push({ histograms: mode === 'cumulative' || mode === 'disjoint' ? bucketsJson(all, mode) : histogramsJson(all) });
  return { stats };
}

function histogramsJson(samples: readonly StatSample[]): unknown {
  const computed = samples.flatMap(({ name, histogram }) => {
    if (histogram === null) return [];
    const values = quantiles.map((quantile) => ({
      cumulative: histogram.count === 0 ? null : quantileOf(histogram, quantile),
      interval: null,
    }));
    return [{ name, values }];
  });
  return { supported_quantiles: quantiles, computed_quantiles: computed };
}

function bucketsJson(samples: readonly StatSample[], mode: BucketMode): unknown {
  return samples.flatMap(({ name, histogram }) => {
    if (histogram === null) return [];
    const buckets = bucketCounts(histogram, mode).map((cumulative, index) => ({
      upper_bound: histogram.bounds[index],
      interval: 0,
      cumulative,
    }));
    return [{ name, buckets }];
  });
}

/** By bound: what is not above it, or (disjoint) what is in addition above the bound before. */
function bucketCounts({ bounds, counts }: HistogramSample, mode: BucketMode): number[] {
  let sum = 0;
  return bounds.map((_, index) => {
    const here = counts[index] ?? 0;
    sum += here;
    return mode === 'disjoint' ? here : sum;
  });
}

function histogramText(histogram: HistogramSample, mode: BucketMode): string {
  if (histogram.count === 0 && mode !== 'detailed') return ' No recorded values';
  if (mode === 'summary') return ` ${quantileText(histogram)}`;
  if (mode === 'detailed') {
    const filled = bucketCounts(histogram, 'disjoint').flatMap((count, index) =>
      count === 0 ? [] : [`${histogram.bounds[index - 1] ?? 0},${width(histogram, index)}:${count}`],
    );
    return `\n  totals=${filled.join(', ')}\n  intervals=\n  summary=${quantileText(histogram)}`;
  }
  return bucketCounts(histogram, mode)
    .map((count, index) => ` B${boundText(histogram.bounds[index] ?? 0)}(0,${count})`)
    .join('');
}

function width({ bounds }: HistogramSample, index: number): number {
  return (bounds[index] ?? 0) - (bounds[index - 1] ?? 0);
}

/** Six digits, as C++ prints them: `1.8e+06`. */
function boundText(bound: number): string {
  return bound < 1_000_000 ? String(bound) : bound.toExponential().replace(/e\+(\d)$/, 'e+0$1');
}

function byName(samples: readonly StatSample[]): StatSample[] {
  const rank = ({ kind }: StatSample): number => (kind === 'histogram' ? 1 : 0);
  return [...samples].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** Only what was counted since the start is known, not what came in the last interval: that is `nan`, as Envoy prints an interval without values. */
function quantileText(histogram: HistogramSample): string {
  if (histogram.count === 0) return 'No recorded values';
  return quantiles.map((quantile) => `P${quantile}(nan,${quantileOf(histogram, quantile)})`).join(' ');
}
