import { type Labels, selectsByExpressions } from '../../base/labels.ts';
import type { Resource } from '../../resource/resource.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, strings, text } from '../fields.ts';
import { absence, fact } from '../proof.ts';
import { type Webhook, webhooksOf } from './webhook-spec.ts';

interface InjectionWebhook {
  readonly configuration: Resource;
  readonly webhook: Webhook;
  readonly path: string;
  /** `configuration/webhook`. */
  readonly name: string;
}

const revisionLabel = 'istio.io/rev';

/** Injection webhooks that catch the same pods, or that call a control plane which is not there. */
export const webhooksAnalyzer: SetAnalyzer = {
  name: 'webhook.Analyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const revisions = new Set<string>();
    const webhooks: InjectionWebhook[] = [];
    for (const configuration of context.set.ofKind('MutatingWebhookConfiguration')) {
      const found = webhooksOf(configuration);
      const own = revisionsOf(
        configuration,
        found.map(([, webhook]) => webhook),
      );
      if (own.length === 0 && !found.some(([, webhook]) => text(webhook.name).endsWith('istio.io'))) continue;
      for (const revision of own) revisions.add(revision);
      for (const [index, webhook] of found) {
        webhooks.push({ configuration, webhook, path: `webhooks[${index}]`, name: `${configuration.ref.name}/${text(webhook.name)}` });
      }
    }
    checkOverlaps(webhooks, [...revisions].sort(), context);
    checkServices(webhooks, context);
  },
};

function revisionsOf(configuration: Resource, webhooks: readonly Webhook[]): readonly string[] {
  const label = configuration.labels[revisionLabel];
  const selectors = webhooks.flatMap((webhook) => [object(webhook.namespaceSelector), object(webhook.objectSelector)]);
  return [
    ...(label === undefined ? [] : [label]),
    ...selectors.flatMap((selector) => {
      const matched = object(selector.matchLabels)[revisionLabel];
      const listed = (selector.matchExpressions ?? [])
        .filter((expression) => expression.key === revisionLabel)
        .flatMap((expression) => strings(expression.values));
      return [...(matched === undefined ? [] : [matched]), ...listed];
    }),
  ];
}

/** Every combination of labels that decides about injection must be caught by at most one webhook. */
function checkOverlaps(webhooks: readonly InjectionWebhook[], revisions: readonly string[], { report }: AnalyzerContext): void {
  const withRevisions = (bases: readonly Labels[]): readonly Labels[] => [
    ...bases,
    ...revisions.flatMap((revision) => bases.map((base) => ({ ...base, [revisionLabel]: revision }))),
  ];
  const namespaces = withRevisions([{}, { 'istio-injection': 'enabled' }, { 'istio-injection': 'disabled' }]);
  const pods = withRevisions([{}, { 'sidecar.istio.io/inject': 'true' }, { 'sidecar.istio.io/inject': 'false' }]);
  for (const namespaceLabels of namespaces) {
    const candidates = webhooks.filter(({ webhook }) => selectsByExpressions(webhook.namespaceSelector, namespaceLabels));
    for (const podLabels of pods) {
      const matching = candidates.filter(({ webhook }) => selectsByExpressions(webhook.objectSelector, podLabels));
      const names = [...new Set(matching.map(({ name }) => name))].sort();
      if (names.length < 2) continue;
      for (const { configuration, path, name } of matching) {
        const others = names.filter((other) => other !== name);
        report({
          type: 'InvalidWebhook',
          resource: configuration,
          path,
          identity: `${name} overlaps ${others.join()}`,
          message: `Webhook ${name} catches pods that ${others.join(' and ')} catch too, so they may be injected twice. Make the selectors exclude each other.`,
          proof: matching.map((match) => fact(match.configuration, match.path, 'selects the same pods')),
        });
      }
    }
  }
}

function checkServices(webhooks: readonly InjectionWebhook[], { set, report }: AnalyzerContext): void {
  for (const { configuration, webhook, path, name } of webhooks) {
    const service = object(webhook.clientConfig).service;
    if (!service) continue;
    const wanted = `${text(service.namespace)}/${text(service.name)}`;
    if (set.get('Service', text(service.namespace), text(service.name)) !== null) continue;
    report({
      type: 'InvalidWebhook',
      resource: configuration,
      path: `${path}.clientConfig.service`,
      identity: `service ${wanted}`,
      message: `Webhook ${name} calls the control plane at Service ${wanted}, which does not exist: pods are not injected. Correct the reference, or remove the webhook.`,
      proof: [fact(configuration, `${path}.clientConfig.service`, `is ${wanted}`), absence(`no Service ${wanted}`)],
    });
  }
}
