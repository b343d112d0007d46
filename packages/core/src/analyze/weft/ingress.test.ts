import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings } from '../test-findings.ts';

const ingress = (annotations: string, spec: string) =>
  `---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: default, annotations: {${annotations}}}\nspec: ${spec}\n`;
const noRules = '{rules: []}';

test('an Ingress of the class that Istio serves is reported, as nothing serves it', () => {
  assert.deepEqual(findings(ingress('kubernetes.io/ingress.class: istio', noRules)), [
    'WFT2004 Ingress default/i metadata.annotations[kubernetes.io/ingress.class]',
  ]);
  assert.deepEqual(findings(ingress('', '{ingressClassName: istio}')), ['WFT2004 Ingress default/i spec']);
});

test('an Ingress of another class, or of none, is not', () => {
  assert.deepEqual(findings(ingress('kubernetes.io/ingress.class: nginx', noRules)), []);
  assert.deepEqual(findings(ingress('', '{ingressClassName: nginx}')), []);
  assert.deepEqual(findings(ingress('', noRules)), []);
});
