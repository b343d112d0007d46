import type { Labels, StatSample } from './stat-sample.ts';

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

/** A value that goes up and down. */
export class Gauge {
  value = 0;
  set(value: number): void {
    this.value = value;
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

type Stat = Counter | Gauge | Histogram | (() => number);

interface Entry {
  readonly scope: string;
  readonly labels: Labels;
  readonly extractedName: string;
  readonly stat: Stat;
}

interface CustomEntry {
  readonly labels: LabelSet;
  readonly stat: Stat;
  users: number;
}

/** Labels of several custom stats, with the text that tells them from others. */
export interface LabelSet {
  readonly labels: Labels;
  readonly text: string;
}

export function labelSet(labels: Labels): LabelSet {
  let text = '';
  for (const [label, value] of labels) text += `.${label}.${value}`;
  return { labels, text };
}

/** Where the stats of one cluster, listener or filter stand: what comes before their names, and the tags that Envoy makes of it. */
export interface StatScope {
  /** `cluster.orders.` */
  readonly prefix: string;
  /** The same without what became tags: `cluster.`. */
  readonly extractedPrefix: string;
  readonly labels: Labels;
  /** Prefix of the scope that it goes with, where it is a part of another. */
  readonly owner?: string;
}

/** The scope of one stat whose name ends in a tag's value: `ssl.versions.TLSv1.3`. */
export function taggedScope(scope: StatScope, group: string, tag: string, value: string): StatScope {
  return {
    prefix: `${scope.prefix}${group}.${value}`,
    extractedPrefix: scope.extractedPrefix + group,
    labels: [[tag, value], ...scope.labels],
    owner: scope.prefix,
  };
}

/** The stats of one proxy, by Envoy's dotted names. What leaves it is plain data, so that several threads' can be merged. */
export class Registry {
  #entries: Map<string, Entry> = new Map();
  #custom: Map<string, Map<string, CustomEntry>> = new Map();
  #bucketsOf: (name: string) => readonly number[];

  /** `bucketsOf` answers the histogram bounds of a dotted name. */
  constructor(bucketsOf: (name: string) => readonly number[] = () => defaultBuckets) {
    this.#bucketsOf = bucketsOf;
  }

  /** The counter of this name, made on first use. */
  counter(scope: StatScope, name: string): Counter {
    const known = this.#entries.get(scope.prefix + name)?.stat;
    return known instanceof Counter ? known : this.#add(scope, name, new Counter());
  }

  gauge(scope: StatScope, name: string): Gauge {
    const known = this.#entries.get(scope.prefix + name)?.stat;
    return known instanceof Gauge ? known : this.#add(scope, name, new Gauge());
  }

  /** A gauge that is read when asked for. */
  readGauge(scope: StatScope, name: string, read: () => number): void {
    this.#add(scope, name, read);
  }

  histogram(scope: StatScope, name: string): Histogram {
    const known = this.#entries.get(scope.prefix + name)?.stat;
    return known instanceof Histogram ? known : this.#add(scope, name, new Histogram(this.#bucketsOf(scope.prefix + name)));
  }

  /** A stat under a name of its own instead of one that starts with `envoy_`: Istio's metrics. Every user releases it once. */
  custom<S extends Counter | Gauge | Histogram>(family: string, labels: LabelSet, make: (bounds: readonly number[]) => S): S {
    let series = this.#custom.get(family);
    if (series === undefined) {
      series = new Map();
      this.#custom.set(family, series);
    }
    let entry = series.get(labels.text);
    if (entry === undefined) {
      entry = { labels, stat: make(this.#bucketsOf(`${customNamespace}${family}`)), users: 0 };
      series.set(labels.text, entry);
    }
    entry.users++;
    // A family has one type only, so a known series is of it.
    return entry.stat as S;
  }

  /** The last user's release drops the series. */
  release(family: string, labels: LabelSet): void {
    const series = this.#custom.get(family);
    const entry = series?.get(labels.text);
    if (entry !== undefined && --entry.users === 0) series?.delete(labels.text);
  }

  /** Forgets everything under a scope. */
  forgetScope(scope: StatScope): void {
    for (const [name, entry] of this.#entries) if (entry.scope === scope.prefix) this.#entries.delete(name);
  }

  resetCounters(): void {
    for (const { stat } of this.#entries.values()) if (stat instanceof Counter) stat.value = 0;
    for (const series of this.#custom.values()) {
      for (const { stat } of series.values()) if (stat instanceof Counter) stat.value = 0;
    }
  }

  /** All values at this moment. */
  samples(): StatSample[] {
    const samples: StatSample[] = [];
    for (const [name, { labels, extractedName, stat }] of this.#entries) {
      samples.push({ name, extractedName, labels, isCustom: false, ...readStat(stat) });
    }
    for (const [family, series] of this.#custom) {
      for (const { labels, stat } of series.values()) {
        const name = `${customNamespace}${family}${labels.text}`;
        samples.push({ name, extractedName: family, labels: labels.labels, isCustom: true, ...readStat(stat) });
      }
    }
    return samples;
  }

  #add<S extends Stat>(scope: StatScope, name: string, stat: S): S {
    const { labels, extractedName } = withoutResponseCode(scope, name);
    this.#entries.set(scope.prefix + name, { scope: scope.owner ?? scope.prefix, labels, extractedName, stat });
    return stat;
  }
}

function readStat(stat: Stat): Pick<StatSample, 'kind' | 'value' | 'histogram'> {
  if (stat instanceof Histogram) {
    const { bounds, counts, sum, count } = stat;
    return { kind: 'histogram', value: count, histogram: { bounds, counts: [...counts], sum, count } };
  }
  if (stat instanceof Counter) return { kind: 'counter', value: stat.value, histogram: null };
  return { kind: 'gauge', value: typeof stat === 'function' ? stat() : stat.value, histogram: null };
}

/** `upstream_rq_5xx` and `upstream_rq_503` are one family each, with the class or the code as a tag. */
function withoutResponseCode(scope: StatScope, name: string): { labels: Labels; extractedName: string } {
  const byClass = /^(.*_rq_)(\d)xx$/.exec(name);
  if (byClass !== null) {
    const labels: Labels = [['envoy.response_code_class', byClass[2] ?? ''], ...scope.labels];
    return { labels, extractedName: `${scope.extractedPrefix}${byClass[1]}xx` };
  }
  const byCode = /^(.*_rq)_(\d{3})$/.exec(name);
  if (byCode === null) return { labels: scope.labels, extractedName: scope.extractedPrefix + name };
  return { labels: [['envoy.response_code', byCode[2] ?? ''], ...scope.labels], extractedName: `${scope.extractedPrefix}${byCode[1]}` };
}

/** Namespace that Istio's filter registers its metrics under. */
const customNamespace = 'istiocustom.';
