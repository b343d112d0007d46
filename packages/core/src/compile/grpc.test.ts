import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotOf } from './test-mesh.ts';

const mesh = `
apiVersion: v1
kind: Service
metadata: {name: stock, namespace: shop}
spec: {clusterIP: 10.1.0.1, selector: {app: stock}, ports: [{name: grpc, port: 7070, targetPort: 17070}, {name: tcp, port: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: shop}
spec: {clusterIP: 10.1.0.2, ports: [{name: grpc, port: 7070}]}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: stock-1, namespace: shop}
spec: {address: 10.2.0.1, labels: {app: stock}, serviceAccount: stock}
---
`;
const strict =
  'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: default, namespace: shop}\nspec: {mtls: {mode: STRICT}}\n';
const client = { metadata: { GENERATOR: 'grpc' } };

test('a service is dialled by any of its names, and its routes hold no other service', () => {
  const snapshot = snapshotOf(mesh, client);
  const dialled = snapshot.listeners.map((listener) => listener.name).filter((name) => name?.startsWith('stock'));
  assert.deepEqual(dialled, ['stock.shop.svc.cluster.local:7070', 'stock.shop.svc:7070', 'stock.shop:7070', 'stock:7070']);
  const routes = snapshot.routes.find((candidate) => candidate.name === 'outbound|7070||stock.shop.svc.cluster.local');
  assert.deepEqual(
    routes?.virtualHosts?.map((host) => host.name),
    ['stock.shop.svc.cluster.local:7070'],
  );
  assert.ok(routes?.virtualHosts?.[0]?.domains?.includes('stock.shop.svc.cluster.local:7070'));
});

test('endpoints always have a locality, which clients demand', () => {
  const assignment = snapshotOf(mesh, client).endpoints.find(
    (candidate) => candidate.clusterName === 'outbound|7070||stock.shop.svc.cluster.local',
  );
  assert.deepEqual(assignment?.endpoints?.[0]?.locality, {});
  assert.equal(assignment?.endpoints?.[0]?.lbEndpoints?.[0]?.endpoint?.address?.socketAddress?.portValue, 17070);
});

test('a cluster gets mutual TLS only where the server insists on it', () => {
  const socket = (yaml: string) =>
    snapshotOf(yaml, client).clusters.find((cluster) => cluster.name === 'outbound|7070||stock.shop.svc.cluster.local')?.transportSocket;
  assert.equal(socket(mesh), undefined);
  const config = JSON.stringify(socket(mesh + strict));
  assert.match(config, /"tlsCertificateProviderInstance":\{"instanceName":"default"/);
  assert.match(config, /"matchSubjectAltNames":\[\{"exact":"spiffe:\/\/cluster.local\/ns\/shop\/sa\/stock"\}\]/);
});

test('a server is given a listener for each of its ports, with its certificate where mTLS is demanded', () => {
  const server = { ip: '10.2.0.1', labels: { app: 'stock' }, ...client };
  const named = (yaml: string) =>
    snapshotOf(yaml, server).listeners.find((listener) => listener.name === 'xds.istio.io/grpc/lds/inbound/0.0.0.0:17070');
  assert.equal(named(mesh)?.filterChains?.[0]?.transportSocket, undefined);
  assert.ok(named(mesh + strict)?.filterChains?.[0]?.transportSocket);
});
