import type { KindKey } from '../../resource/kinds.ts';
import type { Pod } from '../../resource/kubernetes-types.ts';
import type { SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { createLabelIndex, formatSelector, type LabelIndex } from '../label-index.ts';
import { fact } from '../proof.ts';

const gatewayLabel = 'gateway.networking.k8s.io/gateway-name';
const policyKinds = ['AuthorizationPolicy', 'RequestAuthentication', 'Telemetry', 'WasmPlugin'] as const satisfies readonly KindKey[];

interface PolicySpec {
  readonly selector?: { readonly matchLabels?: unknown };
  readonly targetRef?: unknown;
}

/** Policies that select the pods of a Gateway API gateway by label, where only `targetRefs` has an effect. */
export const kubernetesGatewaySelectorAnalyzer: SetAnalyzer = {
  name: 'k8sgateway.SelectorAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze({ set, report }) {
    const gatewayPods = set.ofKind('Pod').filter((pod) => gatewayLabel in pod.labels);
    if (gatewayPods.length === 0) return;
    // Pods of one gateway are mostly alike, and a policy is told of each gateway once.
    const distinct = new Map(gatewayPods.map((pod) => [`${pod.ref.namespace} ${formatSelector(pod.labels)}`, pod] as const));
    const pods = new Map<string, LabelIndex<Pod>>();
    for (const [namespace, all] of groupBy([...distinct.values()], (pod) => pod.ref.namespace)) {
      pods.set(
        namespace,
        createLabelIndex(all, (pod) => pod.labels),
      );
    }
    for (const policy of policyKinds.flatMap((kind) => set.ofKind(kind))) {
      const spec = object(policy.spec as PolicySpec);
      if (spec.targetRef || !spec.selector) continue;
      const selector = labelsOf(object(spec.selector).matchLabels);
      for (const pod of pods.get(policy.ref.namespace)?.matching(selector) ?? []) {
        const gateway = pod.labels[gatewayLabel] ?? '';
        report({
          type: 'IneffectiveSelector',
          resource: policy,
          path: 'spec.selector',
          identity: gateway,
          message: `The selector has no effect on gateway ${gateway}: gateways of the Gateway API take policies by reference. Write targetRefs with kind Gateway and name ${gateway}.`,
          proof: [
            fact(policy, 'spec.selector.matchLabels', 'selects the gateway pod'),
            fact(pod, 'metadata.labels', `belongs to gateway ${gateway}`),
          ],
        });
      }
    }
  },
};
