import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { snapshotOf, type TestClient } from './test-mesh.ts';

const edge: TestClient = { type: 'router', namespace: 'edge', labels: { app: 'edge' }, ip: '10.0.0.5' };

function gateway(name: string, servers: string, createdAt = '2024-01-01T00:00:00Z', namespace = 'edge'): string {
  return `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: ${namespace}, creationTimestamp: "${createdAt}"}
spec: {selector: {app: edge}, servers: [${servers}]}
---
`;
}

function virtualService(name: string, spec: string, createdAt = '2024-01-01T00:00:00Z'): string {
  return `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: edge, creationTimestamp: "${createdAt}"}
spec: ${spec}
---
`;
}

const plain = (port: number, ...hosts: string[]) =>
  `{port: {number: ${port}, name: http, protocol: HTTP}, hosts: ${JSON.stringify(hosts)}}`;
const secure = (name: string, host: string, tls: string) =>
  `{port: {number: 443, name: ${name}, protocol: HTTPS}, hosts: ["${host}"], tls: ${tls}}`;
const to = (host: string) => `route: [{destination: {host: ${host}, port: {number: 80}}}]`;

function listener(snapshot: Snapshot, name: string) {
  const found = snapshot.listeners.find((candidate) => candidate.name === name);
  assert.ok(found, `no listener ${name} among ${snapshot.listeners.map((each) => each.name).join(', ')}`);
  return found;
}

function hosts(snapshot: Snapshot, routes: string) {
  return snapshot.routes.find((candidate) => candidate.name === routes)?.virtualHosts ?? [];
}

test('a service of the gateway translates the port that is bound, not the one that rules and virtual hosts speak of', () => {
  const service = `
apiVersion: v1
kind: Service
metadata: {name: edge, namespace: edge}
spec: {clusterIP: 10.1.0.9, selector: {app: edge}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: app, namespace: edge}
spec: {address: 10.0.0.5, labels: {app: edge}}
---
`;
  const snapshot = snapshotOf(
    service +
      gateway('g', plain(80, '*')) +
      virtualService('v', `{hosts: ["a.com"], gateways: [g], http: [{match: [{port: 80}], ${to('a')}}]}`),
    edge,
  );
  assert.equal(listener(snapshot, '0.0.0.0_8080').address?.socketAddress?.portValue, 8080);
  assert.deepEqual(
    hosts(snapshot, 'http.8080').map((host) => [host.name, host.routes?.length]),
    [['a.com:80', 1]],
  );
});

test('VirtualServices of one host are merged oldest first, and what matches everything comes last', () => {
  const snapshot = snapshotOf(
    gateway('g', plain(80, 'a.com')) +
      virtualService('old', `{hosts: ["a.com"], gateways: [g], http: [{name: all, ${to('a')}}]}`) +
      virtualService(
        'new',
        `{hosts: ["a.com"], gateways: [g], http: [{name: path, match: [{uri: {prefix: /x}}], ${to('b')}}]}`,
        '2024-02-01T00:00:00Z',
      ),
    edge,
  );
  assert.deepEqual(
    hosts(snapshot, 'http.80').flatMap((host) => host.routes?.map((route) => route.name)),
    ['path', 'all'],
  );
});

test('one server that redirects makes the host redirect whatever other Gateways say', () => {
  const redirecting = '{port: {number: 80, name: http, protocol: HTTP}, hosts: ["a.com"], tls: {httpsRedirect: true}}';
  const snapshot = snapshotOf(
    gateway('g', redirecting) +
      gateway('h', plain(80, 'a.com')) +
      virtualService('v', `{hosts: ["a.com"], gateways: [h], http: [{${to('a')}}]}`),
    edge,
  );
  assert.deepEqual(
    hosts(snapshot, 'http.80').map((host) => host.requireTls),
    ['ALL'],
  );
});

test('of two servers that cannot share a port the older one stays', () => {
  const raw = '{port: {number: 80, name: tcp, protocol: TCP}, hosts: ["*"]}';
  const both = [gateway('new', plain(80, 'a.com'), '2024-02-01T00:00:00Z'), gateway('old', raw, '2024-01-01T00:00:00Z')];
  const route = virtualService('v', `{hosts: ["*"], gateways: [old, new], tcp: [{${to('a')}}]}`);
  for (const order of [both, [...both].reverse()]) {
    const [chain] = listener(snapshotOf(order.join('') + route, edge), '0.0.0.0_80').filterChains ?? [];
    assert.equal(chain?.filters?.at(-1)?.name, 'envoy.filters.network.tcp_proxy');
  }
});

test('servers of one TLS port are told apart by server name, and a name is served once', () => {
  const simple = (credential: string) => `{mode: SIMPLE, credentialName: ${credential}}`;
  const snapshot = snapshotOf(
    gateway('g', [secure('one', 'a.com', simple('a')), secure('two', '*.b.com', simple('b'))].join(',')) +
      gateway('h', secure('three', 'a.com', simple('c')), '2024-02-01T00:00:00Z'),
    edge,
  );
  const chains = listener(snapshot, '0.0.0.0_443').filterChains ?? [];
  assert.deepEqual(
    chains.map((chain) => chain.filterChainMatch?.serverNames),
    [['a.com'], ['*.b.com']],
  );
  assert.deepEqual(
    snapshot.routes.map((routes) => routes.name),
    ['https.443.one.g.edge', 'https.443.two.g.edge'],
  );
});

const tlsModes: readonly [tls: string, want: RegExp, requires: boolean][] = [
  ['{mode: SIMPLE, credentialName: c}', /"name":"kubernetes:\/\/c","sdsConfig":\{"ads"/, false],
  ['{mode: MUTUAL, credentialName: c}', /"name":"kubernetes:\/\/c-cacert"/, true],
  ['{mode: OPTIONAL_MUTUAL, credentialName: c}', /"name":"kubernetes:\/\/c-cacert"/, false],
  ['{mode: ISTIO_MUTUAL}', /"name":"default".*"prefix":"spiffe:\/\/cluster\.local\/"/, true],
  ['{mode: SIMPLE, serverCertificate: /c.pem, privateKey: /k.pem}', /"name":"file-cert:\/c\.pem~\/k\.pem"/, false],
];

for (const [tls, want, requires] of tlsModes) {
  test(`TLS ${tls}`, () => {
    const [chain] = listener(snapshotOf(gateway('g', secure('one', 'a.com', tls)), edge), '0.0.0.0_443').filterChains ?? [];
    const context = chain?.transportSocket?.typedConfig as { requireClientCertificate?: boolean } | undefined;
    assert.match(JSON.stringify(context), want);
    assert.equal(context?.requireClientCertificate ?? false, requires);
  });
}

test('a server that passes TLS on is routed by server name, without opening it', () => {
  const passing = '{port: {number: 443, name: tls, protocol: TLS}, hosts: ["*.b.com"], tls: {mode: PASSTHROUGH}}';
  const rule = (name: string, createdAt: string) =>
    virtualService(name, `{hosts: ["x.b.com"], gateways: [g], tls: [{match: [{sniHosts: ["x.b.com"]}], ${to(name)}}]}`, createdAt);
  const snapshot = snapshotOf(gateway('g', passing) + rule('second', '2024-03-01T00:00:00Z') + rule('first', '2024-02-01T00:00:00Z'), edge);
  const chains = listener(snapshot, '0.0.0.0_443').filterChains ?? [];
  assert.equal(chains.length, 1);
  assert.equal(chains[0]?.transportSocket, undefined);
  assert.match(JSON.stringify(chains[0]?.filters), /outbound\|80\|\|first\.edge\.svc\.cluster\.local/);
});

test('an east-west server has a chain for the mesh name of every service port and subset, for mesh protocols only', () => {
  const passing = '{port: {number: 15443, name: tls, protocol: TLS}, hosts: ["*.local"], tls: {mode: AUTO_PASSTHROUGH}}';
  const mesh = `
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {clusterIP: 10.1.0.1, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec: {host: cart, subsets: [{name: v1, labels: {version: v1}}]}
---
`;
  const chains = listener(snapshotOf(mesh + gateway('g', passing), edge), '0.0.0.0_15443').filterChains ?? [];
  assert.deepEqual(
    chains.map((chain) => chain.filterChainMatch?.serverNames),
    [['outbound_.80_._.cart.shop.svc.cluster.local'], ['outbound_.80_.v1_.cart.shop.svc.cluster.local']],
  );
  assert.ok(chains.every((chain) => chain.filterChainMatch?.applicationProtocols?.includes('istio')));
});

test('a privileged port is not opened by a proxy without privileges', () => {
  const snapshot = snapshotOf(gateway('g', plain(80, '*')), { ...edge, metadata: { UNPRIVILEGED_POD: 'true' } });
  assert.deepEqual(snapshot.listeners, []);
});

test('a gateway on the loopback address listens there only', () => {
  const snapshot = snapshotOf(gateway('g', plain(8080, '*')), { ...edge, ip: '127.0.0.1' });
  assert.equal(listener(snapshot, '0.0.0.0_8080').address?.socketAddress?.address, '127.0.0.1');
});

test('hosts with a namespace bind VirtualServices of that namespace only', () => {
  const other = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: other, namespace: shop}
spec: {hosts: ["b.com"], gateways: [edge/g], http: [{${to('b')}}]}
---
`;
  const own = virtualService('own', `{hosts: ["a.com"], gateways: [g], http: [{${to('a')}}]}`);
  const snapshot = snapshotOf(gateway('g', plain(80, './*')) + own + other, edge);
  assert.deepEqual(
    hosts(snapshot, 'http.80').map((host) => host.domains),
    [['a.com']],
  );
});
