import type { CelProgram } from './cel.ts';

/** Istio's metrics filter (`stats.PluginConfig`). Metrics go by their names without `istio_`. */
export interface IstioStatsPlan {
  /** Whose side is told; null follows the listener's direction. */
  readonly reporter: 'destination' | null;
  /** Whether the Host header names the destination service where the cluster does not. */
  readonly usesHostHeader: boolean;
  /** How often long connections and gRPC streams report; 0 = at their end only. */
  readonly reportingIntervalMs: number;
  /** Series that were not used for this long are dropped; 0 = kept. */
  readonly rotationIntervalMs: number;
  /** Null, and without any cost for requests, where nothing is overridden. */
  readonly overrides: MetricOverridesPlan | null;
}

/** What the Telemetry API changes of the standard metrics. Expressions stand for tags and values by their index. */
export interface MetricOverridesPlan {
  /** Equal for equal overrides: what series of several listeners are shared by. */
  readonly signature: string;
  readonly expressions: readonly CelProgram[];
  readonly dropped: ReadonlySet<string>;
  /** Standard tags by metric and name: another expression's value, or null where removed. */
  readonly changes: ReadonlyMap<string, ReadonlyMap<string, number | null>>;
  /** Tags that metrics do not have by themselves, in order. */
  readonly additions: ReadonlyMap<string, readonly (readonly [tag: string, expression: number])[]>;
  readonly custom: readonly CustomMetricPlan[];
}

/** A metric of the user's own; its value is an expression. */
export interface CustomMetricPlan {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly value: number;
}
