import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { snapshotOf } from './test-mesh.ts';

const services = `
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  clusterIP: 10.1.0.1
  ports: [{name: http, port: 80}, {name: http-admin, port: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: pay, namespace: bank}
spec: {clusterIP: 10.1.0.2, ports: [{name: http, port: 80}]}
---
`;

function host(snapshot: Snapshot, name: string, routes = '80') {
  return snapshot.routes.find((candidate) => candidate.name === routes)?.virtualHosts?.find((candidate) => candidate.name === name);
}

function virtualService(name: string, spec: string, namespace = 'shop', createdAt = '2020-01-01T00:00:00Z'): string {
  return `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: ${namespace}, creationTimestamp: "${createdAt}"}
spec: ${spec}
---
`;
}

test('a service is meant by its name down to the bare one in its own namespace, and by its address', () => {
  const snapshot = snapshotOf(services);
  assert.deepEqual(host(snapshot, 'cart.shop.svc.cluster.local:80')?.domains, [
    'cart.shop.svc.cluster.local',
    'cart',
    'cart.shop.svc',
    'cart.shop',
    'cart.shop.svc.cluster.local.',
    '10.1.0.1',
  ]);
  assert.deepEqual(host(snapshot, 'pay.bank.svc.cluster.local:80')?.domains, [
    'pay.bank.svc.cluster.local',
    'pay.bank',
    'pay.bank.svc',
    'pay.bank.svc.cluster.local.',
    '10.1.0.2',
  ]);
});

test('rules of a host replace its default route on each of its HTTP ports', () => {
  const snapshot = snapshotOf(
    services + virtualService('cart', '{hosts: [cart], http: [{route: [{destination: {host: cart, subset: v1}}]}]}'),
  );
  assert.equal(host(snapshot, 'cart.shop.svc.cluster.local:80')?.routes?.[0]?.route?.cluster, 'outbound|80|v1|cart.shop.svc.cluster.local');
  assert.equal(
    host(snapshot, 'cart.shop.svc.cluster.local:8080', '8080')?.routes?.[0]?.route?.cluster,
    'outbound|8080|v1|cart.shop.svc.cluster.local',
  );
  assert.equal(host(snapshot, 'pay.bank.svc.cluster.local:80')?.routes?.[0]?.name, 'default');
});

test('rules for a host that no service has count on port 80 only', () => {
  const snapshot = snapshotOf(
    services + virtualService('ext', '{hosts: [api.example.com], http: [{route: [{destination: {host: cart}}]}]}'),
  );
  assert.deepEqual(host(snapshot, 'api.example.com:80')?.domains, ['api.example.com']);
  assert.equal(host(snapshot, 'api.example.com:80', '8080'), undefined);
});

test('rules that name gateways without mesh leave sidecars alone', () => {
  const snapshot = snapshotOf(
    services + virtualService('cart', '{hosts: [cart], gateways: [edge], http: [{directResponse: {status: 418}}]}'),
  );
  assert.equal(host(snapshot, 'cart.shop.svc.cluster.local:80')?.routes?.[0]?.name, 'default');
});

test('of two rules for one host the older counts', () => {
  const older = virtualService(
    'b',
    '{hosts: [cart], http: [{name: older, directResponse: {status: 201}}]}',
    'shop',
    '2019-01-01T00:00:00Z',
  );
  const newer = virtualService(
    'a',
    '{hosts: [cart], http: [{name: newer, directResponse: {status: 202}}]}',
    'shop',
    '2021-01-01T00:00:00Z',
  );
  assert.equal(host(snapshotOf(services + newer + older), 'cart.shop.svc.cluster.local:80')?.routes?.[0]?.name, 'older');
});

test('a route of the Gateway API counts beside a VirtualService by its age', () => {
  const route = (createdAt: string) => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop, creationTimestamp: "${createdAt}"}
spec: {parentRefs: [{group: "", kind: Service, name: cart}], rules: [{name: route, backendRefs: [{name: cart, port: 80}]}]}
---
`;
  const rules = virtualService(
    'v',
    '{hosts: [cart], http: [{name: rules, directResponse: {status: 201}}]}',
    'shop',
    '2020-01-01T00:00:00Z',
  );
  const counting = (yaml: string) =>
    host(snapshotOf(services + yaml, { namespace: 'bank' }), 'cart.shop.svc.cluster.local:80')?.routes?.[0]?.name;
  assert.equal(counting(rules + route('2019-01-01T00:00:00Z')), 'route');
  assert.equal(counting(route('2021-01-01T00:00:00Z') + rules), 'rules');
});

test('an exact host takes its service from a wildcard, which keeps the rest', () => {
  const wild = virtualService(
    'wild',
    '{hosts: ["*.svc.cluster.local"], http: [{name: wild, route: [{destination: {host: cart}}]}]}',
    'shop',
    '2019-01-01T00:00:00Z',
  );
  const exact = virtualService(
    'exact',
    '{hosts: [cart.shop.svc.cluster.local], http: [{name: exact, route: [{destination: {host: cart}}]}]}',
  );
  const snapshot = snapshotOf(services + wild + exact);
  assert.equal(host(snapshot, 'cart.shop.svc.cluster.local:80')?.routes?.[0]?.name, 'exact');
  assert.equal(host(snapshot, 'pay.bank.svc.cluster.local:80')?.routes?.[0]?.name, 'wild');
});

test('a short destination is a service of the namespace of the rules, not of the client', () => {
  const snapshot = snapshotOf(services + virtualService('pay', '{hosts: [pay], http: [{route: [{destination: {host: pay}}]}]}', 'bank'));
  assert.equal(host(snapshot, 'pay.bank.svc.cluster.local:80')?.routes?.[0]?.route?.cluster, 'outbound|80||pay.bank.svc.cluster.local');
});

test('matches on source labels, namespaces and ports are decided for the proxy, and gateways named switch them off', () => {
  const rules = virtualService(
    'cart',
    `{hosts: [cart], http: [
      {name: labels, match: [{sourceLabels: {app: web}}], directResponse: {status: 201}},
      {name: namespace, match: [{sourceNamespace: bank}], directResponse: {status: 202}},
      {name: port, match: [{port: 8080}], directResponse: {status: 203}},
      {name: gateway, match: [{gateways: [mesh], sourceNamespace: elsewhere}], directResponse: {status: 204}}]}`,
  );
  const names = (snapshot: Snapshot, port: string) =>
    host(snapshot, `cart.shop.svc.cluster.local:${port}`, port)?.routes?.map((route) => route.name);
  assert.deepEqual(names(snapshotOf(services + rules), '80'), ['gateway']);
  assert.deepEqual(names(snapshotOf(services + rules, { labels: { app: 'web' } }), '80'), ['labels']);
  assert.deepEqual(names(snapshotOf(services + rules), '8080'), ['port']);
});

test('what no service has is let through, or blocked where only the registry is allowed', () => {
  assert.equal(host(snapshotOf(services), 'allow_any')?.routes?.[0]?.route?.cluster, 'PassthroughCluster');
  const blocked = snapshotOf(services, {}, { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } });
  assert.equal(host(blocked, 'block_all')?.routes?.[0]?.directResponse?.status, 502);
});

test('a Sidecar shows only the hosts it imports, and what rules of those hosts lead to', () => {
  const sidecar = `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec: {egress: [{hosts: ["./cart.shop.svc.cluster.local"]}]}
---
`;
  const rules = virtualService('cart', '{hosts: [cart], http: [{route: [{destination: {host: pay.bank.svc.cluster.local}}]}]}');
  const snapshot = snapshotOf(services + sidecar + rules);
  assert.equal(host(snapshot, 'pay.bank.svc.cluster.local:80'), undefined);
  assert.ok(snapshot.clusters.some((cluster) => cluster.name === 'outbound|80||pay.bank.svc.cluster.local'));
  assert.ok(!snapshotOf(services + sidecar).clusters.some((cluster) => cluster.name === 'outbound|80||pay.bank.svc.cluster.local'));
});

test('a service that is not exported is not there for other namespaces', () => {
  const hidden = services.replace(
    '{name: pay, namespace: bank}',
    '{name: pay, namespace: bank, annotations: {networking.istio.io/exportTo: "."}}',
  );
  assert.equal(host(snapshotOf(hidden), 'pay.bank.svc.cluster.local:80'), undefined);
  assert.ok(host(snapshotOf(hidden, { namespace: 'bank' }), 'pay.bank.svc.cluster.local:80'));
});

test('on the HTTP proxy listener other ports than 80 are reached by naming them', () => {
  const snapshot = snapshotOf(services, { metadata: { HTTP_PROXY_PORT: '15080', INTERCEPTION_MODE: 'NONE' } });
  const proxied = (name: string) => host(snapshot, name, 'http_proxy')?.domains;
  assert.ok(proxied('cart.shop.svc.cluster.local:80')?.includes('cart'));
  assert.deepEqual(proxied('cart.shop.svc.cluster.local:8080'), [
    'cart.shop.svc.cluster.local:8080',
    'cart:8080',
    'cart.shop.svc:8080',
    'cart.shop:8080',
    'cart.shop.svc.cluster.local.:8080',
    '10.1.0.1:8080',
  ]);
  assert.equal(snapshot.routes.find((routes) => routes.name === 'http_proxy')?.ignorePortInHostMatching, undefined);
});

test('the name of an ExternalName service means the service it stands for', () => {
  const alias =
    'apiVersion: v1\nkind: Service\nmetadata: {name: old-cart, namespace: shop}\nspec: {type: ExternalName, externalName: cart.shop.svc.cluster.local, ports: [{name: http, port: 80}]}\n---\n';
  assert.ok(host(snapshotOf(services + alias), 'cart.shop.svc.cluster.local:80')?.domains?.includes('old-cart'));
});
