import type { SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, objects } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { absence, fact } from '../proof.ts';
import { createSelectorIndex } from '../selector-index.ts';

/** Workloads that no AuthorizationPolicy is about, so that everybody may call them. Runs only when asked for: it is advice about a whole mesh. */
export const authorizationCoverageAnalyzer: SetAnalyzer = {
  name: 'authorizationpolicy.CoverageAnalyzer',
  scope: 'set',
  isDefault: false,
  analyze({ set, index, rootNamespace, report }) {
    const policies = set.ofKind('AuthorizationPolicy').filter((policy) => objects(object(policy.spec).targetRefs).length === 0);
    const byNamespace = new Map(
      [...groupBy(policies, (policy) => policy.ref.namespace)].map(([name, own]) => [
        name,
        createSelectorIndex(own, (policy) => labelsOf(object(object(policy.spec).selector).matchLabels)),
      ]),
    );
    for (const workload of index.workloads.all) {
      if (workload.resource.source.file === '' || !index.isInMesh(workload)) continue;
      if ([workload.namespace, rootNamespace].some((name) => byNamespace.get(name)?.isSelected(workload.labels))) continue;
      report({
        type: 'WorkloadWithoutAuthorizationPolicy',
        resource: workload.resource,
        path: 'metadata.labels',
        message: `No AuthorizationPolicy selects ${workload.name}: everybody who reaches it may call it. Add one for the namespace or the workload.`,
        proof: [
          fact(workload.resource, 'metadata.labels', 'are selected by no policy'),
          absence('no AuthorizationPolicy for the whole namespace or mesh'),
        ],
      });
    }
  },
};
