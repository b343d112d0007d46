import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from '../../resource/parse.ts';
import { findingsOf } from '../test-findings.ts';
import { type InjectionWebhook, webhookOverlaps } from './webhook-overlaps.ts';
import { mentionedRevisions } from './webhook-scope.ts';
import { webhooksOf } from './webhook-spec.ts';

interface Selectors {
  readonly namespaces?: string;
  readonly pods?: string;
}

const revision = (operator: string, ...values: string[]) =>
  `{matchExpressions: [{key: istio.io/rev, operator: ${operator}, values: [${values.join(', ')}]}]}`;
const without = '{matchExpressions: [{key: istio.io/rev, operator: DoesNotExist}, {key: istio-injection, operator: DoesNotExist}]}';

function webhooks(...all: readonly Selectors[]): readonly InjectionWebhook[] {
  const yaml = all.map(
    ({ namespaces = '{}', pods = '{}' }, index) => `---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: w${index}}
webhooks: [{name: x.istio.io, namespaceSelector: ${namespaces}, objectSelector: ${pods}}]
`,
  );
  return parseYaml(yaml.join(''), 'f').resources.flatMap((configuration) =>
    webhooksOf(configuration).map(([, webhook]) => ({ configuration, webhook, path: 'webhooks[0]', name: configuration.ref.name })),
  );
}

/** The names of webhooks that overlap with another one. */
function overlapping(all: readonly InjectionWebhook[], padding: number): readonly string[] {
  const mentioned = all.flatMap(({ webhook }) => [webhook.namespaceSelector, webhook.objectSelector].flatMap(mentionedRevisions));
  const revisions = [...new Set([...mentioned, ...Array.from({ length: padding }, (_, index) => `other${index}`)])];
  return [...new Set(webhookOverlaps(all, revisions).map(({ webhook }) => webhook.name))].sort();
}

test('few and many revisions give the same overlaps', () => {
  const table: readonly (readonly [readonly Selectors[], readonly string[]])[] = [
    [
      [{}, {}],
      ['w0', 'w1'],
    ],
    [[{ namespaces: revision('In', 'a') }, { namespaces: revision('In', 'b') }], []],
    [
      [{ namespaces: revision('In', 'a', 'b') }, { namespaces: revision('In', 'b') }],
      ['w0', 'w1'],
    ],
    [[{ namespaces: revision('NotIn', 'a') }, { namespaces: revision('In', 'a') }], []],
    [
      [{ namespaces: revision('NotIn', 'a') }, { namespaces: revision('NotIn', 'b') }],
      ['w0', 'w1'],
    ],
    [[{ namespaces: revision('In', 'a') }, { namespaces: without, pods: revision('In', 'a') }], []],
    [
      [{ namespaces: revision('In', 'a') }, { pods: revision('In', 'b') }],
      ['w0', 'w1'],
    ],
    [[{ namespaces: '{matchLabels: {istio-injection: enabled}}' }, { namespaces: '{matchLabels: {istio-injection: disabled}}' }], []],
    [
      [{ pods: '{matchLabels: {sidecar.istio.io/inject: "true"}}' }, { namespaces: revision('In', 'a') }, { namespaces: without }],
      ['w0', 'w1', 'w2'],
    ],
  ];
  for (const [selectors, expected] of table) {
    const all = webhooks(...selectors);
    assert.deepEqual(overlapping(all, 2), expected, JSON.stringify(selectors));
    assert.deepEqual(overlapping(all, 500), expected, `${JSON.stringify(selectors)} among many revisions`);
  }
});

test('thousands of webhooks are looked at in proportion to their number', () => {
  const distinct = Array.from({ length: 4000 }, (_, index): Selectors => ({ namespaces: revision('In', `r${index}`) }));
  assert.deepEqual(overlapping(webhooks(...distinct), 0), []);
  const same = Array.from({ length: 2000 }, (): Selectors => ({}));
  assert.equal(overlapping(webhooks(...same), 100).length, 2000);
});

test('a configuration is told once of what several of its webhooks overlap with, as Istio does', () => {
  const yaml = `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: two}
webhooks:
  - {name: a.istio.io, clientConfig: {url: "https://x/"}, objectSelector: {matchLabels: {sidecar.istio.io/inject: "true"}}}
  - {name: b.istio.io, clientConfig: {url: "https://x/"}, objectSelector: {matchLabels: {sidecar.istio.io/inject: "false"}}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: one}
webhooks: [{name: c.istio.io, clientConfig: {url: "https://x/"}}]
`;
  const found = findingsOf('webhook.Analyzer', yaml).map((finding) => finding.split(' ').slice(0, 3).join(' '));
  assert.deepEqual(found, [
    'IST0139 MutatingWebhookConfiguration one',
    'IST0139 MutatingWebhookConfiguration one',
    'IST0139 MutatingWebhookConfiguration two',
  ]);
});
