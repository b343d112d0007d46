import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, findingsOf, istioYaml, serviceYaml } from '../test-findings.ts';

const analyzer = 'virtualservice.DestinationRuleAnalyzer';
const route = istioYaml('VirtualService', 'r', '{hosts: [cart], http: [{route: [{destination: {host: cart, subset: v1}}]}]}');
const rule = (host: string, namespace = 'default') =>
  istioYaml('DestinationRule', 'd', `{host: "${host}", subsets: [{name: v1, labels: {v: "1"}}]}`, namespace);

test('a subset is found in the rule for its host, however the host is written and wherever the rule is', () => {
  for (const text of [rule('cart'), rule('cart.default.svc.cluster.local'), rule('cart.default.svc.cluster.local', 'istio-system')]) {
    assert.deepEqual(findingsOf(analyzer, route + text), []);
  }
});

test('a subset that no rule defines is reported', () => {
  assert.deepEqual(findingsOf(analyzer, route + rule('other')), [
    'IST0101 VirtualService default/r spec.http[0].route[0].destination.subset',
  ]);
});

test('a rule for a wildcard host defines subsets for the hosts below it, which Istio overlooks', () => {
  const wildcard = serviceYaml('cart') + route + rule('*.default.svc.cluster.local');
  assert.equal(findingsOf(analyzer, wildcard).length, 1);
  assert.deepEqual(findings(wildcard), []);
});
