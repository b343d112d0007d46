import type { CustomMetricPlan, MetricOverridesPlan } from '@weft/core/plan/istio-stats-plan';
import { overriddenLabels } from './metric-overrides.ts';
import { Counter, Gauge, Histogram, type LabelSet, labelSet, type Registry } from './registry.ts';
import type { Series } from './series-table.ts';
import type { Labels } from './stat-sample.ts';

/** A metric by its name without `istio_`. */
export type CallMetric = readonly [name: string, type: 'counter' | 'histogram'];

interface Overriding {
  readonly overrides: MetricOverridesPlan | null;
  /** Values of the overrides' expressions, in their order. */
  readonly values: readonly string[];
  /** Whether custom metrics are recorded with these. */
  readonly hasCustom: boolean;
}

/** The series of calls with the same labels, by the position of their metric: null where it is another type or dropped. */
export class IstioSeries implements Series {
  usedAt: number;
  readonly counters: readonly (Counter | null)[];
  readonly histograms: readonly (Histogram | null)[];
  #registry: Registry;
  #held: (readonly [family: string, labels: LabelSet])[] = [];
  #custom: readonly { readonly stat: Counter | Gauge | Histogram; readonly amount: number }[];

  constructor(registry: Registry, metrics: readonly CallMetric[], labels: Labels, overriding: Overriding, now: number) {
    this.#registry = registry;
    this.usedAt = now;
    const common = labelSet(labels);
    const counters: (Counter | null)[] = [];
    const histograms: (Histogram | null)[] = [];
    for (const [name, type] of metrics) {
      const own = overriddenLabels(name, labels, overriding.overrides, overriding.values);
      const set = own === null || own === labels ? common : labelSet(own);
      counters.push(own === null || type !== 'counter' ? null : this.#hold(name, set, () => new Counter()));
      histograms.push(own === null || type !== 'histogram' ? null : this.#hold(name, set, (bounds) => new Histogram(bounds)));
    }
    this.counters = counters;
    this.histograms = histograms;
    const custom = overriding.hasCustom ? (overriding.overrides?.custom ?? []) : [];
    this.#custom = custom.map((metric) => this.#holdCustom(metric, overriding));
  }

  recordCustom(): void {
    for (const { stat, amount } of this.#custom) {
      if (stat instanceof Histogram) stat.observe(amount);
      else if (stat instanceof Gauge) stat.set(amount);
      else stat.add(amount);
    }
  }

  release(): void {
    for (const [family, labels] of this.#held) this.#registry.release(family, labels);
    this.#held = [];
  }

  #hold<S extends Counter | Gauge | Histogram>(name: string, labels: LabelSet, make: (bounds: readonly number[]) => S): S {
    const family = `istio_${name}`;
    this.#held.push([family, labels]);
    return this.#registry.custom(family, labels, make);
  }

  /** The value is one of those in the group's key, so it is the same for every call of the group. */
  #holdCustom({ name, type, value }: CustomMetricPlan, { overrides, values }: Overriding) {
    const labels = labelSet(overriddenLabels(name, [], overrides, values) ?? []);
    const make = (bounds: readonly number[]) =>
      type === 'histogram' ? new Histogram(bounds) : type === 'gauge' ? new Gauge() : new Counter();
    const amount = Number(values[value]);
    return {
      stat: this.#hold<Counter | Gauge | Histogram>(name, labels, make),
      amount: Number.isInteger(amount) && amount >= 0 ? amount : 0,
    };
  }
}
