import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingsOf, istioYaml } from '../test-findings.ts';

const analyzer = 'virtualservice.JWTClaimRouteAnalyzer';
const gateway = istioYaml('Gateway', 'g', '{selector: {istio: ingressgateway}, servers: []}');
const service = (key: string) =>
  istioYaml(
    'VirtualService',
    'v',
    `{hosts: [a.com], gateways: [g], http: [{match: [{headers: {"${key}": {exact: x}}}], redirect: {uri: /}}]}`,
  );
const policy = (namespace: string, labels = 'istio: ingressgateway') =>
  istioYaml('RequestAuthentication', 'r', `{selector: {matchLabels: {${labels}}}}`, namespace);

test('a route by claim needs a RequestAuthentication for the gateway', () => {
  for (const key of ['@request.auth.claims.group', '@request.auth.claims[group][name]']) {
    assert.deepEqual(findingsOf(analyzer, gateway + service(key)), [
      `IST0149 VirtualService default/v spec.http[0].match[0].headers["${key}"]`,
    ]);
    assert.deepEqual(findingsOf(analyzer, gateway + service(key) + policy('istio-system')), []);
  }
});

test('a RequestAuthentication for other workloads does not help', () => {
  assert.equal(findingsOf(analyzer, gateway + service('@request.auth.claims.group') + policy('istio-system', 'app: x')).length, 1);
  assert.equal(findingsOf(analyzer, gateway + service('@request.auth.claims.group') + policy('default')).length, 1);
});

test('other headers are no claims', () => {
  assert.deepEqual(findingsOf(analyzer, gateway + service('x-group')), []);
});
