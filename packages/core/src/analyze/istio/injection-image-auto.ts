import { selectsByExpressions } from '../../base/labels.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, text } from '../fields.ts';
import { fact } from '../proof.ts';
import { controllerWorkload, podWorkload, type Workload } from '../workload.ts';
import { type Webhook, webhooksOf } from './webhook-spec.ts';

/** Workloads that leave their proxy image to injection, but are not injected. */
export const injectionImageAutoAnalyzer: SetAnalyzer = {
  name: 'injection.ImageAutoAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const { set, report } = context;
    const webhooks = set
      .ofKind('MutatingWebhookConfiguration')
      .flatMap((configuration) => webhooksOf(configuration).map(([, webhook]) => webhook))
      .filter((webhook) => text(webhook.name).endsWith('istio.io'));
    for (const pod of set.ofKind('Pod')) {
      if (!leavesImage(podWorkload(pod), object(pod.spec).containers?.length ?? 0)) continue;
      report({
        type: 'ImageAutoWithoutInjectionError',
        resource: pod,
        path: 'spec.containers',
        message: `Pod ${pod.ref.name} has image auto for its proxy, which no registry has: injection did not see it. Label its namespace for injection and make it again.`,
        proof: [fact(pod, 'spec.containers', 'istio-proxy has image auto')],
      });
    }
    for (const deployment of set.ofKind('Deployment')) {
      const workload = controllerWorkload(deployment);
      const containers = object(object(object(deployment.spec).template).spec).containers?.length ?? 0;
      if (!leavesImage(workload, containers) || isInjected(workload, webhooks, context)) continue;
      report({
        type: 'ImageAutoWithoutInjectionWarning',
        resource: deployment,
        path: 'spec.template.spec.containers',
        message: `Deployment ${deployment.ref.name} leaves its proxy image to injection (image auto), but no injection webhook of Istio selects its pods. Label the namespace or the pods for injection.`,
        proof: [fact(deployment, 'spec.template.spec.containers', 'istio-proxy has image auto')],
      });
    }
  },
};

/** Init containers do not count: Istio looks at the containers proper, which come first. */
function leavesImage(workload: Workload, containers: number): boolean {
  return workload.containers.slice(0, containers).some((container) => container.name === 'istio-proxy' && container.image === 'auto');
}

function isInjected(workload: Workload, webhooks: readonly Webhook[], { index }: AnalyzerContext): boolean {
  const namespaceLabels = index.namespace(workload.namespace)?.labels ?? {};
  return webhooks.some(
    (webhook) =>
      selectsByExpressions(webhook.namespaceSelector, namespaceLabels) && selectsByExpressions(webhook.objectSelector, workload.labels),
  );
}
