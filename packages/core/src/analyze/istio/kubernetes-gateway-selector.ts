import { selectsLabels } from '../../base/labels.ts';
import type { KindKey } from '../../resource/kinds.ts';
import type { SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object } from '../fields.ts';
import { groupBy } from '../group-by.ts';
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
    const pods = groupBy(
      set.ofKind('Pod').filter((pod) => gatewayLabel in pod.labels),
      (pod) => pod.ref.namespace,
    );
    if (pods.size === 0) return;
    for (const policy of policyKinds.flatMap((kind) => set.ofKind(kind))) {
      const spec = object(policy.spec as PolicySpec);
      if (spec.targetRef || !spec.selector) continue;
      const selector = labelsOf(object(spec.selector).matchLabels);
      for (const pod of pods.get(policy.ref.namespace) ?? []) {
        if (!selectsLabels(selector, pod.labels)) continue;
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
