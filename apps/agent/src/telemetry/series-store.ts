import { bucketBounds, column, type Increases, noIncreases } from './columns.ts';
import { eachSample, parseSeriesKey } from './exposition.ts';
import { readTrafficLabels, type TrafficLabels } from './traffic-labels.ts';
import { TrafficSeries, tierFor } from './traffic-series.ts';

const columnByMetric: Readonly<Record<string, number>> = {
  istio_requests_total: column.requests,
  istio_request_duration_milliseconds_sum: column.durationSum,
  istio_request_bytes_sum: column.requestBytes,
  istio_response_bytes_sum: column.responseBytes,
  istio_tcp_connections_opened_total: column.opened,
  istio_tcp_connections_closed_total: column.closed,
  istio_tcp_sent_bytes_total: column.sentBytes,
  istio_tcp_received_bytes_total: column.receivedBytes,
};
const bucketMetric = 'istio_request_duration_milliseconds_bucket';

/** More sets of labels than this are not kept: a metric gone wild must not take the agent's memory. */
const maxSeries = 20_000;
const forgetAfterMs = 24 * 3_600_000;
/** What counts as now when health is judged. */
const recentMs = 10_000;

interface Counter {
  /** Null for lines that are not kept. */
  readonly series: TrafficSeries | null;
  readonly column: number;
  /** For latency buckets: the labels they share. A bucket counts what the one below it counts too. */
  readonly bucketGroup: string;
  last: number;
}

interface ProxyCounters {
  readonly counterByKey: Map<string, Counter>;
  readonly seriesByLabels: Map<string, TrafficSeries>;
  hasBaseline: boolean;
}

/** Which series a query reads and what they are grouped by; a null key leaves a series out. */
export interface TrafficQuery {
  readonly from: number;
  readonly to: number;
  keyOf(labels: TrafficLabels): string | null;
}

/** The embedded store of Istio's traffic metrics: increases per second, fed by scrapes, within fixed memory. */
export class SeriesStore {
  private readonly proxies = new Map<string, ProxyCounters>();
  private readonly all = new Set<TrafficSeries>();
  private readonly now: () => number;
  /** Sets of labels that were not kept because there were too many. */
  dropped = 0;

  constructor(now: () => number) {
    this.now = now;
  }

  get size(): number {
    return this.all.size;
  }

  /** Takes a proxy's metrics page. The first page of a proxy that ran before is only a baseline. */
  ingest(proxy: string, page: string, at: number): void {
    const known = this.proxies.get(proxy);
    const counters = known ?? { counterByKey: new Map(), seriesByLabels: new Map(), hasBaseline: false };
    if (!known) this.proxies.set(proxy, counters);
    let below: { group: string; increase: number } = { group: '', increase: 0 };
    eachSample(page, 'istio_', ({ key, value }) => {
      const existing = counters.counterByKey.get(key);
      const counter = existing ?? this.open(counters, key);
      const isFirst = !existing && !counters.hasBaseline;
      const increase = isFirst ? 0 : value >= counter.last ? value - counter.last : value;
      counter.last = value;
      if (!counter.series) return;
      const contained = counter.bucketGroup !== '' && below.group === counter.bucketGroup ? below.increase : 0;
      if (counter.bucketGroup !== '') below = { group: counter.bucketGroup, increase };
      const own = increase - contained;
      if (own > 0) counter.series.add(counter.column, own, at);
    });
    counters.hasBaseline = true;
  }

  /** Increases between two times, by key. */
  query({ from, to, keyOf }: TrafficQuery): ReadonlyMap<string, Increases> {
    const tier = tierFor(from, this.now());
    const sums = new Map<string, Increases>();
    for (const series of this.all) {
      if (series.lastAt < from) continue;
      const key = keyOf(series.labels);
      if (key === null) continue;
      let sum = sums.get(key);
      if (!sum) {
        sum = noIncreases();
        sums.set(key, sum);
      }
      series.sumInto(sum, from, to, tier);
    }
    return sums;
  }

  /** Every series with something in the time, with its own increases, and how many requests of them came in its last seconds. */
  each(from: number, to: number, visit: (labels: TrafficLabels, increases: Increases, recentRequests: number) => void): void {
    const tier = tierFor(from, this.now());
    const recentFrom = Math.max(from, to - recentMs);
    const recentTier = tierFor(recentFrom, this.now());
    const recent = noIncreases();
    for (const series of this.all) {
      if (series.lastAt < from) continue;
      const sum = noIncreases();
      series.sumInto(sum, from, to, tier);
      recent.fill(0);
      series.sumInto(recent, recentFrom, to, recentTier);
      visit(series.labels, sum, recent[column.requests] ?? 0);
    }
  }

  /** Forgets series that nothing was counted in for a day. */
  prune(): void {
    const limit = this.now() - forgetAfterMs;
    for (const series of this.all) if (series.lastAt !== 0 && series.lastAt < limit) this.all.delete(series);
    for (const { counterByKey, seriesByLabels } of this.proxies.values()) {
      for (const [key, { series }] of counterByKey) if (series && !this.all.has(series)) counterByKey.delete(key);
      for (const [key, series] of seriesByLabels) if (!this.all.has(series)) seriesByLabels.delete(key);
    }
  }

  private open(counters: ProxyCounters, key: string): Counter {
    const { name, labels } = parseSeriesKey(key);
    const place = this.placeOf(name, labels);
    const labelKey = place === null ? '' : labelText(key);
    const series = place === null ? null : this.seriesFor(counters, labelKey, labels);
    const bucketGroup = name === bucketMetric ? labelKey : '';
    const counter: Counter = { series, column: place ?? 0, bucketGroup, last: 0 };
    counters.counterByKey.set(key, counter);
    return counter;
  }

  private placeOf(name: string, labels: ReadonlyMap<string, string>): number | null {
    if (name !== bucketMetric) return columnByMetric[name] ?? null;
    const bound = labels.get('le') ?? '';
    const index = bound === '+Inf' ? bucketBounds.length : (bucketBounds as readonly number[]).indexOf(Number(bound));
    return index < 0 ? null : column.firstBucket + index;
  }

  private seriesFor(counters: ProxyCounters, labelKey: string, labels: ReadonlyMap<string, string>): TrafficSeries | null {
    const known = counters.seriesByLabels.get(labelKey);
    if (known) return known;
    if (this.all.size >= maxSeries) {
      this.dropped++;
      return null;
    }
    const series = new TrafficSeries(readTrafficLabels(labels));
    counters.seriesByLabels.set(labelKey, series);
    this.all.add(series);
    return series;
  }
}

/** The labels as written, without the bucket's bound: the same for all metrics of one set of labels. */
function labelText(key: string): string {
  return key.slice(key.indexOf('{')).replace(/,?le="[^"]*"/, '');
}
