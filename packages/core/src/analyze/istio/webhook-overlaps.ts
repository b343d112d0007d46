import { type Labels, selectsByExpressions } from '../../base/labels.ts';
import type { Resource } from '../../resource/resource.ts';
import { type RevisionScope, revisionLabel, revisionScope, scopesOverlap } from './webhook-scope.ts';
import type { Webhook } from './webhook-spec.ts';

export interface InjectionWebhook {
  readonly configuration: Resource;
  readonly webhook: Webhook;
  readonly path: string;
  /** `configuration/webhook`. */
  readonly name: string;
}

/** A webhook and others that select pods which it selects too. */
export interface WebhookOverlap {
  readonly webhook: InjectionWebhook;
  readonly others: readonly InjectionWebhook[];
}

const injectionLabel = 'istio-injection';
const injectionModes = ['enabled', 'disabled'];
const podLabel = 'sidecar.istio.io/inject';
const podModes = ['true', 'false'];
/** How many webhooks, and tests of a webhook against labels, trying every combination may take. */
const mostWebhooks = 100;
const mostTests = 300_000;
const mostOthers = 5;

/** Webhooks that select the same pods, which are then injected twice. Every combination of labels that decides about injection is tried while these are few. */
export function webhookOverlaps(webhooks: readonly InjectionWebhook[], revisions: readonly string[]): readonly WebhookOverlap[] {
  const combinations = (3 * (revisions.length + 1)) ** 2;
  const areFew = webhooks.length <= mostWebhooks && combinations * webhooks.length <= mostTests;
  return areFew ? overlapsByCombination(webhooks, revisions) : someOverlaps(webhooks);
}

function overlapsByCombination(webhooks: readonly InjectionWebhook[], revisions: readonly string[]): readonly WebhookOverlap[] {
  const overlaps: WebhookOverlap[] = [];
  const podLabels = combinationsOf(podLabel, podModes, revisions);
  for (const namespaceLabels of combinationsOf(injectionLabel, injectionModes, revisions)) {
    const candidates = webhooks.filter(({ webhook }) => selectsByExpressions(webhook.namespaceSelector, namespaceLabels));
    for (const labels of podLabels) {
      const matching = candidates.filter(({ webhook }) => selectsByExpressions(webhook.objectSelector, labels));
      if (new Set(matching.map(({ name }) => name)).size < 2) continue;
      for (const webhook of matching) overlaps.push({ webhook, others: matching.filter(({ name }) => name !== webhook.name) });
    }
  }
  return overlaps;
}

function combinationsOf(label: string, modes: readonly string[], revisions: readonly string[]): readonly Labels[] {
  const bases: readonly Labels[] = [{}, ...modes.map((mode) => ({ [label]: mode }))];
  return [...bases, ...revisions.flatMap((revision) => bases.map((base) => ({ ...base, [revisionLabel]: revision })))];
}

interface Scoped {
  readonly webhook: InjectionWebhook;
  readonly namespaces: RevisionScope;
  readonly pods: RevisionScope;
}

/** For each webhook some that overlap with it, looked for among those that share a revision it names or, like it, select all that they do not name. */
function someOverlaps(webhooks: readonly InjectionWebhook[]): readonly WebhookOverlap[] {
  const scoped = webhooks.map(
    (webhook): Scoped => ({
      webhook,
      namespaces: revisionScope(webhook.webhook.namespaceSelector, injectionLabel, injectionModes),
      pods: revisionScope(webhook.webhook.objectSelector, podLabel, podModes),
    }),
  );
  const byNamespaces = createScopeIndex(scoped, (one) => one.namespaces);
  const byPods = createScopeIndex(scoped, (one) => one.pods);
  return scoped.flatMap((one) => {
    const candidates = one.namespaces.others.size === 0 ? byNamespaces(one.namespaces) : byPods(one.pods);
    const others = firstOverlapping(one, candidates);
    return others.length === 0 ? [] : [{ webhook: one.webhook, others }];
  });
}

function firstOverlapping(one: Scoped, candidates: Iterable<Scoped>): readonly InjectionWebhook[] {
  const found = new Map<string, InjectionWebhook>();
  for (const other of candidates) {
    if (other.webhook.name === one.webhook.name || found.has(other.webhook.name)) continue;
    if (!scopesOverlap(one.namespaces, other.namespaces) || !scopesOverlap(one.pods, other.pods)) continue;
    found.set(other.webhook.name, other.webhook);
    if (found.size >= mostOthers) break;
  }
  return [...found.values()];
}

/** Finds what may overlap with a scope: those that name the same, and those that select what they do not name. */
function createScopeIndex(all: readonly Scoped[], scopeOf: (one: Scoped) => RevisionScope): (scope: RevisionScope) => Iterable<Scoped> {
  const byName = new Map<string, Scoped[]>();
  const open = all.filter((one) => scopeOf(one).others.size > 0);
  for (const one of all) {
    for (const name of scopeOf(one).named) if (!byName.get(name)?.push(one)) byName.set(name, [one]);
  }
  return function* (scope) {
    for (const name of scope.named) yield* byName.get(name) ?? [];
    yield* scope.others.size > 0 ? all : open;
  };
}
