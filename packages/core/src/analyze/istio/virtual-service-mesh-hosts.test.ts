import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingsOf, istioYaml } from '../test-findings.ts';

const analyzer = 'virtualservice.ConflictingMeshGatewayHostsAnalyzer';
const service = (name: string, fields: string, namespace = 'default') =>
  istioYaml('VirtualService', name, `{${fields}, http: [{redirect: {uri: /x}}]}`, namespace);

test('two VirtualServices for one host of the mesh are both reported, once each', () => {
  const both = service('a', 'hosts: [cart, stock]') + service('b', 'hosts: [cart.default.svc.cluster.local, stock]');
  assert.deepEqual(findingsOf(analyzer, both), [
    'IST0109 VirtualService default/a spec.hosts',
    'IST0109 VirtualService default/b spec.hosts',
  ]);
});

test('one for a gateway and one for the mesh do not meet', () => {
  assert.deepEqual(findingsOf(analyzer, service('a', 'hosts: [cart]') + service('b', 'hosts: [cart], gateways: [g]')), []);
  assert.equal(findingsOf(analyzer, service('a', 'hosts: [cart]') + service('b', 'hosts: [cart], gateways: [g, mesh]')).length, 2);
});

test('what is exported to different namespaces does not meet', () => {
  const own = (name: string, namespace: string, exportTo: string) => service(name, `hosts: [x.com], exportTo: ${exportTo}`, namespace);
  assert.deepEqual(findingsOf(analyzer, own('a', 'one', '["."]') + own('b', 'two', '["."]')), []);
  assert.equal(findingsOf(analyzer, own('a', 'one', '["."]') + own('b', 'two', '[one]')).length, 2);
  assert.equal(findingsOf(analyzer, own('a', 'one', '["."]') + own('b', 'two', '["*"]')).length, 2);
});

test('a host exported to one namespace meets a pattern exported to all', () => {
  assert.equal(
    findingsOf(analyzer, service('a', 'hosts: [a.x.com], exportTo: ["."]') + service('b', 'hosts: ["*.x.com"]', 'other')).length,
    2,
  );
  assert.equal(findingsOf(analyzer, service('a', 'hosts: [a.x.com]') + service('b', 'hosts: ["*.x.com"]', 'other')).length, 0);
});
