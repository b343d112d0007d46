import type { Labels, StatSample } from './stat-sample.ts';
import { type StatScope, withoutResponseCode } from './stat-scope.ts';

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
  /** It counted before the counters were last reset. */
  wasUsed?: boolean;
}

interface CustomEntry {
  readonly labels: LabelSet;
  readonly stat: Stat;
  wasUsed?: boolean;
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

/**
 * Stats that are there from the beginning: counters and histograms that are zero until they are first counted, and gauges that are read of
 * an owner when asked for. One list serves all scopes of a kind, and a scope costs one entry however many names it has.
 */
export interface DeclaredStats<Owner> {
  readonly counters?: readonly string[];
  readonly gauges?: Readonly<Record<string, (owner: Owner) => number>>;
  readonly histograms?: readonly string[];
}

interface Declaration {
  readonly scope: StatScope;
  readonly stats: Pick<DeclaredStats<never>, 'counters' | 'histograms'>;
  readonly gauges: readonly string[];
  readonly read: (gauge: string) => number;
}

/** The stats of one proxy, by Envoy's dotted names. What leaves it is plain data, so that several threads' can be merged. */
export class Registry {
  #entries: Map<string, Entry> = new Map();
  #custom: Map<string, Map<string, CustomEntry>> = new Map();
  /** By scope; several parts of the proxy may declare for one. */
  #declared: Map<string, Declaration[]> = new Map();
  #bucketsOf: (name: string) => readonly number[];

  /** `bucketsOf` answers the histogram bounds of a dotted name. */
  constructor(bucketsOf: (name: string) => readonly number[] = () => defaultBuckets) {
    this.#bucketsOf = bucketsOf;
  }

  /** Has stats shown whether or not anything ever counts them. Declaring the same list again changes the owner. */
  declare<Owner>(scope: StatScope, stats: DeclaredStats<Owner>, owner: Owner): void {
    const gauges = stats.gauges ?? {};
    const declaration = { scope, stats, gauges: Object.keys(gauges), read: (name: string) => gauges[name]?.(owner) ?? 0 };
    const others = this.#declared.get(scope.prefix)?.filter((known) => known.stats !== stats) ?? [];
    this.#declared.set(scope.prefix, [...others, declaration]);
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
    for (const [prefix, [first]] of this.#declared) {
      if (prefix === scope.prefix || first?.scope.owner === scope.prefix) this.#declared.delete(prefix);
    }
  }

  resetCounters(): void {
    for (const entry of this.#entries.values()) if (entry.stat instanceof Counter) reset(entry, entry.stat);
    for (const series of this.#custom.values()) {
      for (const entry of series.values()) if (entry.stat instanceof Counter) reset(entry, entry.stat);
    }
  }

  /** All values at this moment of the stats whose name is wanted. */
  samples(isWanted: (name: string) => boolean = () => true): StatSample[] {
    const samples: StatSample[] = [];
    for (const [name, { labels, extractedName, stat, wasUsed }] of this.#entries) {
      if (isWanted(name)) samples.push({ name, extractedName, labels, isCustom: false, ...readStat(stat), ...(wasUsed && { wasUsed }) });
    }
    for (const [family, series] of this.#custom) {
      for (const { labels, stat, wasUsed } of series.values()) {
        const name = `${customNamespace}${family}${labels.text}`;
        if (!isWanted(name)) continue;
        samples.push({
          name,
          extractedName: family,
          labels: labels.labels,
          isCustom: true,
          ...readStat(stat),
          ...(wasUsed && { wasUsed }),
        });
      }
    }
    this.#addDeclared(samples, isWanted);
    return samples;
  }

  #addDeclared(samples: StatSample[], isWanted: (name: string) => boolean): void {
    const add = (scope: StatScope, name: string, value: () => Pick<StatSample, 'kind' | 'value' | 'histogram'>): void => {
      const full = scope.prefix + name;
      if (this.#entries.has(full) || !isWanted(full)) return;
      samples.push({ name: full, ...withoutResponseCode(scope, name), isCustom: false, ...value() });
    };
    for (const { scope, stats, gauges, read } of [...this.#declared.values()].flat()) {
      for (const name of stats.counters ?? []) add(scope, name, () => zero);
      for (const name of gauges) add(scope, name, () => ({ kind: 'gauge', value: read(name), histogram: null }));
      for (const name of stats.histograms ?? []) add(scope, name, () => readStat(new Histogram(this.#bucketsOf(scope.prefix + name))));
    }
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

const zero = { kind: 'counter', value: 0, histogram: null } as const;

function reset(entry: { wasUsed?: boolean }, counter: Counter): void {
  if (counter.value > 0) entry.wasUsed = true;
  counter.value = 0;
}

/** Namespace that Istio's filter registers its metrics under. */
const customNamespace = 'istiocustom.';
