import { quantileOf, quantiles } from './quantiles.ts';
import type { HistogramSample, Labels, StatSample } from './stat-sample.ts';

/** Prometheus text format, by kind and name as Envoy orders it; histograms by their buckets or (summary) by quantiles. */
export function prometheusText(samples: readonly StatSample[], mode: 'cumulative' | 'summary' = 'cumulative'): string {
  const lines: string[] = [];
  for (const kind of ['counter', 'gauge', 'histogram'] as const) {
    const families = new Map<string, StatSample[]>();
    for (const sample of samples) {
      if (sample.kind !== kind) continue;
      const family = familyName(sample);
      const known = families.get(family);
      if (known === undefined) families.set(family, [sample]);
      else known.push(sample);
    }
    for (const family of [...families.keys()].sort()) {
      lines.push(`# TYPE ${family} ${kind === 'histogram' && mode === 'summary' ? 'summary' : kind}`);
      for (const sample of families.get(family) ?? []) pushSample(lines, family, sample, mode);
    }
  }
  lines.push('');
  return lines.join('\n');
}

function familyName({ extractedName, isCustom }: StatSample): string {
  const name = extractedName.replace(/[^a-zA-Z0-9_]/g, '_');
  if (!isCustom) return `envoy_${name}`;
  return /^[0-9]/.test(name) ? `_${name}` : name;
}

function pushSample(lines: string[], family: string, { labels, value, histogram }: StatSample, mode: 'cumulative' | 'summary'): void {
  const text = renderLabels(labels);
  if (histogram === null) lines.push(`${family}${text === '' ? '{}' : `{${text}}`} ${value}`);
  else if (mode === 'summary') pushSummary(lines, family, text, histogram);
  else pushHistogram(lines, family, text, histogram);
}

function pushSummary(lines: string[], family: string, labels: string, histogram: HistogramSample): void {
  const comma = labels === '' ? '' : `${labels},`;
  for (const quantile of quantiles)
    lines.push(`${family}{${comma}quantile="${quantile / 100}"} ${histogram.count === 0 ? 'nan' : quantileOf(histogram, quantile)}`);
  lines.push(`${family}_sum{${labels}} ${histogram.sum}`, `${family}_count{${labels}} ${histogram.count}`);
}

function pushHistogram(lines: string[], family: string, labels: string, { bounds, counts, sum, count }: HistogramSample): void {
  const comma = labels === '' ? '' : `${labels},`;
  let cumulative = 0;
  for (let i = 0; i < bounds.length; i++) {
    cumulative += counts[i] ?? 0;
    lines.push(`${family}_bucket{${comma}le="${bounds[i]}"} ${cumulative}`);
  }
  lines.push(`${family}_bucket{${comma}le="+Inf"} ${count}`, `${family}_sum{${labels}} ${sum}`, `${family}_count{${labels}} ${count}`);
}

function renderLabels(labels: Labels): string {
  return labels.map(([name, value]) => `${name.replace(/[^a-zA-Z0-9_]/g, '_')}="${escapeLabel(value)}"`).join(',');
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
