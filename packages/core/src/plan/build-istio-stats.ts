import type { MetricConfigJson, MetricDefinitionJson, PluginConfigJson } from '@weft/envoy-api/stats/config_pb';
import { stableHash } from '../base/stable-hash.ts';
import { type CelProgram, compileCel } from './cel.ts';
import type { CustomMetricPlan, IstioStatsPlan, MetricOverridesPlan } from './istio-stats-plan.ts';
import { durationMs } from './read.ts';

const standardMetrics = [
  'requests_total',
  'request_duration_milliseconds',
  'request_bytes',
  'response_bytes',
  'request_messages_total',
  'response_messages_total',
  'tcp_connections_opened_total',
  'tcp_connections_closed_total',
  'tcp_sent_bytes_total',
  'tcp_received_bytes_total',
];

const standardTags: ReadonlySet<string> = new Set([
  'reporter',
  'source_workload',
  'source_workload_namespace',
  'source_principal',
  'source_app',
  'source_version',
  'source_canonical_service',
  'source_canonical_revision',
  'source_cluster',
  'destination_workload',
  'destination_workload_namespace',
  'destination_principal',
  'destination_app',
  'destination_version',
  'destination_service',
  'destination_service_name',
  'destination_service_namespace',
  'destination_canonical_service',
  'destination_canonical_revision',
  'destination_cluster',
  'request_protocol',
  'response_flags',
  'connection_security_policy',
  'response_code',
  'grpc_response_status',
]);

/** Compiles the configuration of Istio's metrics filter. */
export function buildIstioStats(json: PluginConfigJson): IstioStatsPlan {
  const hasOverrides = (json.metrics ?? []).length > 0 || (json.definitions ?? []).length > 0;
  return {
    reporter: json.reporter === 'SERVER_GATEWAY' ? 'destination' : null,
    usesHostHeader: json.disableHostHeaderFallback !== true,
    reportingIntervalMs: durationMs(json.tcpReportingDuration, 5000),
    rotationIntervalMs: durationMs(json.rotationInterval, 0),
    overrides: hasOverrides ? new OverridesBuilder().build(json.definitions ?? [], json.metrics ?? []) : null,
  };
}

/**
 * Reads overrides the way Istio's filter does: a standard tag whose expression cannot be parsed is left out, one whose expression cannot be
 * evaluated is `unknown`, and a tag that is no standard one is added.
 */
class OverridesBuilder {
  #expressions: CelProgram[] = [];
  #expressionIds: Map<string, number | null> = new Map();
  #dropped: Set<string> = new Set();
  #changes: Map<string, Map<string, number | null>> = new Map();
  #additions: Map<string, [string, number][]> = new Map();
  #custom: CustomMetricPlan[] = [];

  build(definitions: readonly MetricDefinitionJson[], metrics: readonly MetricConfigJson[]): MetricOverridesPlan {
    for (const definition of definitions) this.#define(definition);
    for (const metric of metrics) {
      if (metric.drop) this.#dropped.add(metric.name ?? '');
      else this.#override(metric);
    }
    return {
      signature: stableHash({ definitions, metrics }),
      expressions: this.#expressions,
      dropped: this.#dropped,
      changes: this.#changes,
      additions: this.#additions,
      custom: this.#custom,
    };
  }

  #define({ name = '', value = '', type }: MetricDefinitionJson): void {
    const expression = this.#expression(value);
    if (standardMetrics.includes(name) || expression === null) return;
    this.#custom.push({ name, type: type === 'GAUGE' ? 'gauge' : type === 'HISTOGRAM' ? 'histogram' : 'counter', value: expression });
  }

  #override({ name = '', tagsToRemove = [], dimensions = {} }: MetricConfigJson): void {
    const standard = name === '' ? standardMetrics : standardMetrics.filter((metric) => metric === name);
    const custom = this.#custom.map((metric) => metric.name).filter((metric) => name === '' || metric === name);
    for (const tag of tagsToRemove) {
      if (standardTags.has(tag)) for (const metric of standard) this.#change(metric, tag, null);
    }
    for (const [tag, text] of Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const expression = this.#expression(text);
      const isStandard = standardTags.has(tag);
      if (isStandard) for (const metric of standard) this.#change(metric, tag, expression);
      if (expression === null) continue;
      for (const metric of isStandard ? custom : [...standard, ...custom]) this.#add(metric, tag, expression);
    }
  }

  #change(metric: string, tag: string, expression: number | null): void {
    let changes = this.#changes.get(metric);
    if (changes === undefined) {
      changes = new Map();
      this.#changes.set(metric, changes);
    }
    changes.set(tag, expression);
  }

  #add(metric: string, tag: string, expression: number): void {
    const additions = this.#additions.get(metric);
    if (additions === undefined) this.#additions.set(metric, [[tag, expression]]);
    else additions.push([tag, expression]);
  }

  /** Index of the compiled expression; null when it cannot be parsed. */
  #expression(text: string): number | null {
    const known = this.#expressionIds.get(text);
    if (known !== undefined) return known;
    let id: number | null = null;
    try {
      id = this.#expressions.push(compileCel(text)) - 1;
    } catch {
      // Not CEL: Istio's filter logs it and goes on without.
    }
    this.#expressionIds.set(text, id);
    return id;
  }
}
