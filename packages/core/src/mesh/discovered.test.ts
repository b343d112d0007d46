import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meshOf } from '../compile/test-mesh.ts';

const text = `
apiVersion: v1
kind: Namespace
metadata: { name: seen, labels: { mesh: "on" } }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: a, namespace: seen }
spec: { hosts: [a.example.com], ports: [{ name: http, number: 80, protocol: HTTP }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: b, namespace: undeclared }
spec: { hosts: [b.example.com], exportTo: ["*"], ports: [{ name: http, number: 80, protocol: HTTP }] }
`;

const hosts = (config: Parameters<typeof meshOf>[1]) =>
  meshOf(text, config).services.map((service) => [service.hostname, service.exportTo]);

test('only namespaces that a discovery selector selects count', () => {
  assert.deepEqual(hosts({ discoverySelectors: [{ matchLabels: { mesh: 'on' } }] }), [['a.example.com', ['*']]]);
  assert.equal(hosts({ discoverySelectors: [] }).length, 2);
});

test('the mesh limits who sees ServiceEntries, where it says that sidecars follow', () => {
  const policies = [
    { visibility: 'NAMESPACE', matchingRules: [{ namespaceSelector: { matchLabels: { mesh: 'on' } } }] },
    { visibility: 'PUBLIC', matchingRules: [{}] },
  ];
  const visibility = { defaultVisibility: 'NONE', policies };
  assert.deepEqual(hosts({ serviceEntryVisibility: { ...visibility, applyToSidecars: true } }), [
    ['a.example.com', ['seen']],
    ['b.example.com', []],
  ]);
  assert.deepEqual(hosts({ serviceEntryVisibility: visibility }), [
    ['a.example.com', ['*']],
    ['b.example.com', ['*']],
  ]);
});
