import type { Sidecar } from '../../resource/kinds.ts';
import type { Namespace } from '../../resource/kubernetes-types.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { fact, list, mostProofs } from '../proof.ts';
import { isAmbient } from '../workload.ts';
import { reportSharedWorkloads, type Selecting, selectWorkloads } from './workload-selection.ts';

/** Sidecars that select nothing, that share a workload or a namespace, or that stand where there are no sidecars. */
export const sidecarSelectorAnalyzer: SetAnalyzer = {
  name: 'sidecar.SelectorAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const sidecars = context.set.ofKind('Sidecar');
    const selecting = sidecars.filter(selectsWorkloads).map(toSelecting);
    const ineffective = new Set<Sidecar>();
    const selected = [...selectWorkloads(selecting, context)];
    const withSidecar = selected.filter(([workload]) => !isAmbient(workload));
    reportSharedWorkloads('ConflictingSidecarWorkloadSelectors', withSidecar, context);
    for (const [workload, sharing] of selected) {
      if (isAmbient(workload)) for (const { resource } of sharing) ineffective.add(resource as Sidecar);
    }
    for (const [name, all] of groupBy(
      sidecars.filter((sidecar) => !selectsWorkloads(sidecar)),
      (sidecar) => sidecar.ref.namespace,
    )) {
      const namespace = context.set.get('Namespace', '', name);
      if (namespace && isAmbientNamespace(namespace)) for (const sidecar of all) ineffective.add(sidecar);
      else if (all.length > 1) reportSeveral(all, context);
    }
    for (const sidecar of ineffective) reportIneffective(sidecar, context);
  },
};

/** Several Sidecars for a whole namespace. Part of `sidecar.SelectorAnalyzer` too, where it is told when all analyzers run. */
export const sidecarDefaultSelectorAnalyzer: SetAnalyzer = {
  name: 'sidecar.DefaultSelectorAnalyzer',
  scope: 'set',
  isDefault: false,
  analyze(context) {
    const sidecars = context.set.ofKind('Sidecar').filter((sidecar) => !object(sidecar.spec).workloadSelector);
    for (const all of groupBy(sidecars, (sidecar) => sidecar.ref.namespace).values()) if (all.length > 1) reportSeveral(all, context);
  },
};

function selectsWorkloads(sidecar: Sidecar): boolean {
  return Object.keys(labelsOf(object(object(sidecar.spec).workloadSelector).labels)).length > 0;
}

function toSelecting(sidecar: Sidecar): Selecting {
  return {
    resource: sidecar,
    selector: labelsOf(object(object(sidecar.spec).workloadSelector).labels),
    path: 'spec.workloadSelector.labels',
  };
}

function isAmbientNamespace(namespace: Namespace): boolean {
  const { labels } = namespace;
  return labels['istio-injection'] !== 'enabled' && !labels['istio.io/rev'] && labels['istio.io/dataplane-mode'] === 'ambient';
}

function reportSeveral(sidecars: readonly Sidecar[], { report }: AnalyzerContext): void {
  const names = sidecars.map((sidecar) => sidecar.ref.name).sort();
  for (const sidecar of sidecars) {
    report({
      type: 'MultipleSidecarsWithoutWorkloadSelectors',
      resource: sidecar,
      path: 'spec',
      message: `${list(names)} are all for the whole of namespace ${sidecar.ref.namespace || 'default'}; only the oldest applies. Keep one, or give the others a workloadSelector.`,
      proof: sidecars.slice(0, mostProofs).map((other) => fact(other, 'spec.workloadSelector', 'is not set')),
    });
  }
}

function reportIneffective(sidecar: Sidecar, { report }: AnalyzerContext): void {
  report({
    type: 'IneffectivePolicy',
    resource: sidecar,
    path: 'spec.workloadSelector',
    message: 'What this Sidecar is for runs in ambient mode, without sidecars; the Sidecar has no effect. Remove it.',
    proof: [fact(sidecar, 'spec', 'applies to ambient workloads only')],
  });
}
