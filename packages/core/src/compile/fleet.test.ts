import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotOf, type TestClient } from './test-mesh.ts';

const workload = (name: string, spec: string) =>
  `apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n---\n`;
const labels = 'app: cart, service.istio.io/workload-name: cart';
const mesh = `${[
  workload('one', `{address: 10.2.0.1, labels: {${labels}}, locality: r1/z1}`),
  workload('two', `{address: 10.2.0.2, labels: {${labels}}, locality: r1/z2}`),
  workload('three', `{address: 10.2.0.3, labels: {${labels}}, locality: r1/z2}`),
  workload('next', `{address: 10.2.0.4, labels: {${labels}, pod-template-hash: next}, locality: r1/z1}`),
  workload('other', '{address: 10.2.0.5, labels: {app: cart, service.istio.io/workload-name: other}, locality: r1/z1}'),
].join('')}apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {clusterIP: 10.1.0.1, selector: {app: cart}, ports: [{name: http, port: 80}, {name: tcp, port: 90}]}
---
apiVersion: v1
kind: Service
metadata: {name: another, namespace: shop}
spec: {clusterIP: 10.1.0.2, selector: {app: cart}, ports: [{name: http, port: 81}]}
`;

function fleet(
  metadata: TestClient['metadata'],
  yaml = mesh,
): readonly (readonly [zone: string | undefined, addresses: readonly unknown[]])[] | null {
  const client = { ip: '10.2.0.1', labels: { app: 'cart' }, metadata: { WORKLOAD_ENTRY: 'one', ...metadata } };
  const assignment = snapshotOf(yaml, client).endpoints.find(({ clusterName }) => clusterName === 'local_cluster');
  if (!assignment) return null;
  return (assignment.endpoints ?? []).map(({ locality, lbEndpoints }) => [
    locality?.zone,
    (lbEndpoints ?? []).map(({ endpoint }) => endpoint?.address?.socketAddress?.address),
  ]);
}

test('a proxy that asks for its fleet is told where its mates are, each once and of the same revision', () => {
  assert.deepEqual(fleet({ ENABLE_SELF_DISCOVERY: 'true' }), [
    ['z1', ['10.2.0.1']],
    ['z2', ['10.2.0.2', '10.2.0.3']],
  ]);
});

test('what groups mates can be chosen', () => {
  assert.deepEqual(fleet({ ENABLE_SELF_DISCOVERY: 'true', SELF_DISCOVERY_GROUPING_LABEL_NAMES: 'app' }), [
    ['z1', ['10.2.0.1', '10.2.0.4']],
    ['z2', ['10.2.0.2', '10.2.0.3']],
  ]);
});

test('a workload of no service has no mates, and a proxy that does not ask has no such cluster', () => {
  assert.deepEqual(fleet({ ENABLE_SELF_DISCOVERY: 'true' }, mesh.slice(0, mesh.indexOf('apiVersion: v1\nkind: Service'))), []);
  assert.equal(fleet({}), null);
});
