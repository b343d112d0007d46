import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mesh } from '../mesh/mesh.ts';
import { createMeshSettings } from '../mesh/mesh-settings.ts';
import { resolveMesh } from '../mesh/resolve-mesh.ts';
import { defaultMeshConfig, defaultMeshNetworks } from '../resource/default-mesh-config.ts';
import { parseYaml } from '../resource/parse.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import { simulate } from './simulate.ts';

const shop = `
apiVersion: v1
kind: Service
metadata: { name: orders, namespace: shop }
spec: { clusterIP: 10.96.0.1, selector: { app: orders }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: web, namespace: shop }
spec: { address: 10.0.0.1, labels: { app: web }, serviceAccount: web }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: orders, namespace: shop }
spec: { address: 10.0.0.2, labels: { app: orders }, serviceAccount: orders }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: edge, namespace: istio-system }
spec: { address: 10.0.0.3, labels: { istio: ingressgateway }, serviceAccount: edge }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: istio-system }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 8080, name: http, protocol: HTTP }, hosts: ["*"] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: orders, namespace: shop }
spec:
  hosts: ["*"]
  gateways: [istio-system/edge]
  http: [{ match: [{ uri: { prefix: /shop/ } }], rewrite: { uri: / }, route: [{ destination: { host: orders } }] }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: orders, namespace: shop }
spec:
  selector: { matchLabels: { app: orders } }
  rules: [{ from: [{ source: { principals: [cluster.local/ns/istio-system/sa/edge] } }], to: [{ operation: { paths: [/list] } }] }]
`;

function meshOf(text: string): Mesh {
  const { resources } = parseYaml(text, 'shop.yaml');
  return resolveMesh(createResourceSet(resources), createMeshSettings(defaultMeshConfig, defaultMeshNetworks), null);
}

const ports = { keys: async () => null, nowMs: 0 };

test('a request from outside passes the gateway and the sidecar, under the identity of the gateway', async () => {
  const hops = await simulate(
    meshOf(shop),
    { from: { namespace: 'istio-system', name: 'edge' }, port: 8080, host: 'x.com', path: '/shop/list' },
    ports,
  );
  assert.deepEqual(
    hops.map(({ workload, side, call, outcome }) => [workload.name, side, call.path, call.tls, outcome.cluster]),
    [
      ['edge', 'gateway', '/shop/list', 'plaintext', 'outbound|80||orders.shop.svc.cluster.local'],
      ['orders', 'inbound', '/list', 'mtls', 'inbound|8080||'],
    ],
  );
});

test('the same path from another identity ends at the sidecar', async () => {
  const hops = await simulate(meshOf(shop), { from: { namespace: 'shop', name: 'web' }, port: 80, host: 'orders', path: '/list' }, ports);
  assert.deepEqual(
    hops.map(({ workload, side, outcome }) => [workload.name, side, outcome.kind, outcome.status]),
    [
      ['web', 'outbound', 'forwarded', null],
      ['orders', 'inbound', 'answered', 403],
    ],
  );
});

test('a way that the gateway does not know ends there', async () => {
  const hops = await simulate(
    meshOf(shop),
    { from: { namespace: 'istio-system', name: 'edge' }, port: 8080, host: 'x.com', path: '/other' },
    ports,
  );
  assert.deepEqual(
    hops.map(({ result }) => result.error),
    ['no_route'],
  );
});

test('a workload that does not exist has no way', async () => {
  assert.deepEqual(await simulate(meshOf(shop), { from: { namespace: 'shop', name: 'nobody' } }, ports), []);
});
