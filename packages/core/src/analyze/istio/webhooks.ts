import type { Resource } from '../../resource/resource.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, text } from '../fields.ts';
import { absence, fact, list, mostProofs } from '../proof.ts';
import { type InjectionWebhook, webhookOverlaps } from './webhook-overlaps.ts';
import { mentionedRevisions, revisionLabel } from './webhook-scope.ts';
import { type Webhook, webhooksOf } from './webhook-spec.ts';

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
  const selectors = webhooks.flatMap((webhook) => [webhook.namespaceSelector, webhook.objectSelector]);
  return [...(label === undefined ? [] : [label]), ...selectors.flatMap(mentionedRevisions)];
}

function checkOverlaps(webhooks: readonly InjectionWebhook[], revisions: readonly string[], { exact, report }: AnalyzerContext): void {
  for (const { webhook, others } of webhookOverlaps(webhooks, revisions)) {
    const { configuration, path, name } = webhook;
    const names = [...new Set(others.map((other) => other.name))].sort();
    report({
      type: 'InvalidWebhook',
      resource: configuration,
      path,
      // Istio says of the configuration what it overlaps with, not which of its webhooks does.
      identity: `${exact ? '' : name} overlaps ${names.join()}`,
      message: `Webhook ${name} catches pods that ${list(names)} catch too, so they may be injected twice. Make the selectors exclude each other.`,
      proof: [webhook, ...others].slice(0, mostProofs).map((match) => fact(match.configuration, match.path, 'selects the same pods')),
    });
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
