import { selectsByExpressions } from '../../base/labels.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, strings, text } from '../fields.ts';
import { fact } from '../proof.ts';
import { controllerWorkload, podWorkload, type Workload } from '../workload.ts';
import { revisionLabel } from './webhook-scope.ts';
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
    const isInjected = createInjectionTest(webhooks, context);
    for (const deployment of set.ofKind('Deployment')) {
      const workload = controllerWorkload(deployment);
      const containers = object(object(object(deployment.spec).template).spec).containers?.length ?? 0;
      if (!leavesImage(workload, containers) || isInjected(workload)) continue;
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

/** Whether a webhook selects a workload; a webhook that names revisions is asked only about workloads of these. */
function createInjectionTest(webhooks: readonly Webhook[], { index }: AnalyzerContext): (workload: Workload) => boolean {
  const distinct = new Map(
    webhooks.map((webhook) => [JSON.stringify([webhook.namespaceSelector, webhook.objectSelector]), webhook] as const),
  );
  const byRevision = new Map<string, Webhook[]>();
  for (const webhook of distinct.values()) {
    for (const revision of requiredRevisions(webhook)) if (!byRevision.get(revision)?.push(webhook)) byRevision.set(revision, [webhook]);
  }
  return (workload) => {
    const namespaceLabels = index.namespace(workload.namespace)?.labels ?? {};
    const revisions = new Set(['', namespaceLabels[revisionLabel] ?? '', workload.labels[revisionLabel] ?? '']);
    return [...revisions].some((revision) =>
      byRevision
        .get(revision)
        ?.some(
          (webhook) =>
            selectsByExpressions(webhook.namespaceSelector, namespaceLabels) &&
            selectsByExpressions(webhook.objectSelector, workload.labels),
        ),
    );
  };
}

/** The revisions of which the namespace or the pod must be for a webhook to select it; `''` when it may be of any or none. */
function requiredRevisions({ namespaceSelector, objectSelector }: Webhook): readonly string[] {
  for (const selector of [namespaceSelector, objectSelector]) {
    const label = object(object(selector).matchLabels)[revisionLabel];
    if (label !== undefined) return [label];
    const listed = objects(object(selector).matchExpressions).find(([, { key, operator }]) => key === revisionLabel && operator === 'In');
    if (listed) return strings(listed[1].values);
  }
  return [''];
}
