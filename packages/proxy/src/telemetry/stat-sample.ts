/** Tag names and values, in emission order. */
export type Labels = readonly (readonly [name: string, value: string])[];

/** A histogram's content: `counts` has one more entry than `bounds`, for what lies above them. */
export interface HistogramSample {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** One stat at one moment, as plain data. */
export interface StatSample {
  /** Envoy's dotted name: `cluster.orders.upstream_rq_total`. Unique. */
  readonly name: string;
  /** The name without its tags: `cluster.upstream_rq_total`; of custom stats the metric's name. */
  readonly extractedName: string;
  readonly labels: Labels;
  /** Custom stats are shown without `envoy_`. */
  readonly isCustom: boolean;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** Of histograms, how many values there were. */
  readonly value: number;
  readonly histogram: HistogramSample | null;
  /** It counted before the counters were reset. */
  readonly wasUsed?: boolean;
}

/** Gauges that tell the state of the process: the same in each of its threads, not shares of a whole. */
const processWide =
  /^server\.(?!total_connections)|^istiocustom\.istio_build\.|\.membership_|\.circuit_breakers\.|\.expiration_unix_time_seconds$|^cluster_manager\.(active|warming)|^listener_manager\.total_listeners/;

/** The stats of several threads as those of one process: counts are added up. */
export function mergeSamples(threads: readonly (readonly StatSample[])[]): StatSample[] {
  const merged = new Map<string, StatSample>();
  for (const samples of threads) {
    for (const sample of samples) {
      const known = merged.get(sample.name);
      merged.set(sample.name, known === undefined ? sample : addSamples(known, sample));
    }
  }
  return [...merged.values()];
}

function addSamples(a: StatSample, b: StatSample): StatSample {
  if (a.kind === 'gauge' && processWide.test(a.name)) return a.value >= b.value ? a : b;
  const value = a.value + b.value;
  if (a.histogram === null || b.histogram === null) return { ...a, value };
  const other = b.histogram;
  const counts = a.histogram.counts.map((count, index) => count + (other.counts[index] ?? 0));
  const histogram = { bounds: a.histogram.bounds, counts, sum: a.histogram.sum + other.sum, count: a.histogram.count + other.count };
  return { ...a, value, histogram };
}
