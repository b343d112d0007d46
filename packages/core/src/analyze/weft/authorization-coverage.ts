import { selectsLabels } from '../../base/labels.ts';
import type { SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, objects } from '../fields.ts';
import { absence, fact } from '../proof.ts';

/** Workloads that no AuthorizationPolicy is about, so that everybody may call them. Runs only when asked for: it is advice about a whole mesh. */
export const authorizationCoverageAnalyzer: SetAnalyzer = {
  name: 'authorizationpolicy.CoverageAnalyzer',
  scope: 'set',
  isDefault: false,
  analyze({ set, index, rootNamespace, report }) {
    const policies = set.ofKind('AuthorizationPolicy').filter((policy) => objects(object(policy.spec).targetRefs).length === 0);
    for (const workload of index.workloads.all) {
      if (workload.resource.source.file === '' || !index.isInMesh(workload)) continue;
      const isCovered = policies.some(
        (policy) =>
          (policy.ref.namespace === workload.namespace || policy.ref.namespace === rootNamespace) &&
          selectsLabels(labelsOf(object(object(policy.spec).selector).matchLabels), workload.labels),
      );
      if (isCovered) continue;
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
