import type { HistogramSample, StatSample } from './stat-sample.ts';

const quantiles = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100];

/** `/stats` as Envoy prints it: counters and gauges by name, then histograms with their quantiles. */
export function statsText(samples: readonly StatSample[]): string {
  const lines = byName(samples).map(
    (sample) => `${sample.name}: ${sample.histogram === null ? sample.value : quantileText(sample.histogram)}\n`,
  );
  return lines.join('');
}

/** `/stats?format=json`. */
export function statsJson(samples: readonly StatSample[]): unknown {
  const all = byName(samples);
  const plain = all.filter(({ histogram }) => histogram === null);
  const stats: unknown[] = plain.map(({ name, value }) => ({ name, value }));
  if (plain.length < all.length) stats.push({ histograms: histogramsJson(all) });
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

function byName(samples: readonly StatSample[]): StatSample[] {
  const rank = ({ kind }: StatSample): number => (kind === 'histogram' ? 1 : 0);
  return [...samples].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** Only what was counted since the start is known, not what came in the last interval: that is `nan`, as Envoy prints an interval without values. */
function quantileText(histogram: HistogramSample): string {
  if (histogram.count === 0) return 'No recorded values';
  return quantiles.map((quantile) => `P${quantile}(nan,${quantileOf(histogram, quantile)})`).join(' ');
}

/** A quantile by linear interpolation within its bucket. */
function quantileOf({ bounds, counts, count }: HistogramSample, percent: number): number {
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
