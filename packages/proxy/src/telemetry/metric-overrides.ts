import { type CelActivation, celText } from '@weft/core/plan/cel';
import type { MetricOverridesPlan } from '@weft/core/plan/istio-stats-plan';
import type { Labels } from './stat-sample.ts';

/** The values of all expressions for one call; `unknown` where one cannot be evaluated. */
export function overrideValues(overrides: MetricOverridesPlan, activation: CelActivation): string[] {
  return overrides.expressions.map((expression) => {
    const result = expression.evaluate(activation);
    return result.ok ? celText(result.value) : 'unknown';
  });
}

/** A metric's labels after the overrides; null when the metric is dropped. */
export function overriddenLabels(
  metric: string,
  labels: Labels,
  overrides: MetricOverridesPlan | null,
  values: readonly string[],
): Labels | null {
  if (overrides === null) return labels;
  if (overrides.dropped.has(metric)) return null;
  const changes = overrides.changes.get(metric);
  const additions = overrides.additions.get(metric) ?? [];
  if (changes === undefined && additions.length === 0) return labels;
  const changed: (readonly [string, string])[] = [];
  for (const [name, value] of labels) {
    const change = changes?.get(name);
    if (change === undefined) changed.push([name, value]);
    else if (change !== null) changed.push([name, values[change] ?? 'unknown']);
  }
  for (const [name, expression] of additions) changed.push([name, values[expression] ?? 'unknown']);
  return changed;
}
