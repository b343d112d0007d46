/** A monotonic count. Hot code holds on to the handle. */
export class Counter {
  value = 0;
  increment(): void {
    this.value++;
  }
  add(amount: number): void {
    this.value += amount;
  }
}

/** Envoy's default histogram buckets, in milliseconds (or bytes). */
export const defaultBuckets: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000,
];

/** Counts of values by bucket. */
export class Histogram {
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[] = defaultBuckets) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (bounds[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    this.counts[low] = (this.counts[low] ?? 0) + 1;
    this.sum += value;
    this.count++;
  }
}

type Kind = 'counter' | 'gauge' | 'histogram';

interface Family {
  readonly name: string;
  readonly kind: Kind;
  readonly series: Map<string, Counter | Histogram | (() => number)>;
}

/** Label names and values, in emission order. */
export type Labels = readonly (readonly [name: string, value: string])[];

/** The metrics of one proxy. */
export class Registry {
  #families: Map<string, Family> = new Map();

  /** The counter of these labels, made on first use. */
  counter(name: string, labels: Labels = []): Counter {
    const series = this.#family(name, 'counter').series;
    const key = renderLabels(labels);
    const known = series.get(key);
    if (known instanceof Counter) return known;
    const counter = new Counter();
    series.set(key, counter);
    return counter;
  }

  histogram(name: string, labels: Labels = [], bounds: readonly number[] = defaultBuckets): Histogram {
    const series = this.#family(name, 'histogram').series;
    const key = renderLabels(labels);
    const known = series.get(key);
    if (known instanceof Histogram) return known;
    const histogram = new Histogram(bounds);
    series.set(key, histogram);
    return histogram;
  }

  /** A value that is read when asked for. */
  gauge(name: string, labels: Labels, read: () => number): void {
    this.#family(name, 'gauge').series.set(renderLabels(labels), read);
  }

  /** Forgets one series of every family whose labels start with the given ones. */
  forget(labels: Labels): void {
    const prefix = renderLabels(labels);
    for (const family of this.#families.values()) {
      for (const key of family.series.keys()) if (key.startsWith(prefix)) family.series.delete(key);
    }
  }

  /** Prometheus text format. */
  exposition(): string {
    const lines: string[] = [];
    for (const family of [...this.#families.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (family.series.size === 0) continue;
      lines.push(`# TYPE ${family.name} ${family.kind}`);
      for (const [labels, series] of family.series) pushSeries(lines, family.name, labels, series);
    }
    lines.push('');
    return lines.join('\n');
  }

  /** Envoy's `/stats` lines: `name{labels}: value`. */
  plain(): string {
    const lines: string[] = [];
    for (const family of this.#families.values()) {
      for (const [labels, series] of family.series) {
        const name = labels === '' ? family.name : `${family.name}{${labels}}`;
        if (series instanceof Counter) lines.push(`${name}: ${series.value}`);
        else if (typeof series === 'function') lines.push(`${name}: ${series()}`);
        else lines.push(`${name}: count=${series.count} sum=${series.sum}`);
      }
    }
    return `${lines.sort().join('\n')}\n`;
  }

  #family(name: string, kind: Kind): Family {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { name, kind, series: new Map() };
      this.#families.set(name, family);
    }
    return family;
  }
}

function pushSeries(lines: string[], name: string, labels: string, series: Counter | Histogram | (() => number)): void {
  const braces = labels === '' ? '' : `{${labels}}`;
  if (series instanceof Counter) {
    lines.push(`${name}${braces} ${series.value}`);
    return;
  }
  if (typeof series === 'function') {
    lines.push(`${name}${braces} ${series()}`);
    return;
  }
  const comma = labels === '' ? '' : `${labels},`;
  let cumulative = 0;
  for (let i = 0; i < series.bounds.length; i++) {
    cumulative += series.counts[i] ?? 0;
    lines.push(`${name}_bucket{${comma}le="${series.bounds[i]}"} ${cumulative}`);
  }
  lines.push(
    `${name}_bucket{${comma}le="+Inf"} ${series.count}`,
    `${name}_sum${braces} ${series.sum}`,
    `${name}_count${braces} ${series.count}`,
  );
}

function renderLabels(labels: Labels): string {
  return labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',');
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
