import type { Telemetry } from '../../resource/kinds.ts';
import type { SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { fact, list, mostProofs } from '../proof.ts';
import { reportSharedWorkloads, selectWorkloads } from './workload-selection.ts';

/** Telemetries that select no workload, or the same one. */
export const telemetrySelectorAnalyzer: SetAnalyzer = {
  name: 'telemetry.SelectorAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const selecting = context.set
      .ofKind('Telemetry')
      .map((resource) => ({
        resource,
        selector: labelsOf(object(object(resource.spec).selector).matchLabels),
        path: 'spec.selector.matchLabels',
      }))
      .filter(({ selector }) => Object.keys(selector).length > 0);
    reportSharedWorkloads('ConflictingTelemetryWorkloadSelectors', selectWorkloads(selecting, context), context);
  },
};

/** Several Telemetries for a whole namespace. */
export const telemetryDefaultSelectorAnalyzer: SetAnalyzer = {
  name: 'telemetry.DefaultSelectorAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const whole = context.set.ofKind('Telemetry').filter((telemetry) => isForNamespace(telemetry, context.exact));
    for (const all of groupBy(whole, (telemetry) => telemetry.ref.namespace).values()) {
      if (all.length < 2) continue;
      const names = all.map((telemetry) => telemetry.ref.name).sort();
      for (const telemetry of all) {
        context.report({
          type: 'MultipleTelemetriesWithoutWorkloadSelectors',
          resource: telemetry,
          path: 'spec',
          message: `${list(names)} are all for the whole of namespace ${telemetry.ref.namespace || 'default'}; only the oldest applies. Merge them, or give the others a selector.`,
          proof: all.slice(0, mostProofs).map((other) => fact(other, 'spec.selector', 'is not set')),
        });
      }
    }
  },
};

function isForNamespace(telemetry: Telemetry, exact: boolean): boolean {
  const spec = object(telemetry.spec);
  if (spec.selector) return false;
  return exact || !(spec.targetRef || (Array.isArray(spec.targetRefs) && spec.targetRefs.length > 0));
}
