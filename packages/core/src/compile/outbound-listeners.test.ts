import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListenerJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_pb';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { snapshotOf } from './test-mesh.ts';

const service = (name: string, spec: string, namespace = 'shop') =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n---\n`;
const entry = (name: string, spec: string, createdAt = '2020-01-01T00:00:00Z') =>
  `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: ${name}, namespace: shop, creationTimestamp: "${createdAt}"}\nspec: ${spec}\n---\n`;
const listener = (snapshot: Snapshot, name: string): ListenerJson | undefined =>
  snapshot.listeners.find((candidate) => candidate.name === name);
const outbound = (snapshot: Snapshot) =>
  snapshot.listeners.filter((candidate) => candidate.trafficDirection === 'OUTBOUND').map((candidate) => candidate.name);
const clusterOf = (chain: NonNullable<ListenerJson['filterChains']>[number] | undefined) =>
  (chain?.filters?.at(-1)?.typedConfig as { readonly cluster?: string } | undefined)?.cluster;

test('HTTP services share a listener per port, TCP services have one at their own address', () => {
  const snapshot = snapshotOf(
    service('web', '{clusterIP: 10.1.0.1, ports: [{name: http, port: 80}]}') +
      service('db', '{clusterIP: 10.1.0.2, ports: [{name: tcp, port: 5432}]}') +
      service('odd', '{clusterIP: 10.1.0.3, ports: [{name: odd, port: 80}]}'),
  );
  assert.deepEqual(outbound(snapshot), ['0.0.0.0_80', '10.1.0.2_5432', '10.1.0.3_80', 'virtualOutbound']);
  assert.equal(clusterOf(listener(snapshot, '10.1.0.2_5432')?.filterChains?.[0]), 'outbound|5432||db.shop.svc.cluster.local');
  assert.equal(listener(snapshot, '0.0.0.0_80')?.bindToPort, false);
});

test('other than HTTP that arrives at an HTTP port goes where it was bound for', () => {
  const web = listener(snapshotOf(service('web', '{clusterIP: 10.1.0.1, ports: [{name: http, port: 80}]}')), '0.0.0.0_80');
  assert.deepEqual(
    web?.filterChains?.map((chain) => chain.filterChainMatch),
    [{ transportProtocol: 'raw_buffer', applicationProtocols: ['http/1.1', 'h2c'] }],
  );
  assert.equal(clusterOf(web?.defaultFilterChain), 'PassthroughCluster');
  assert.deepEqual(
    web?.listenerFilters?.map((filter) => filter.name),
    ['envoy.filters.listener.tls_inspector', 'envoy.filters.listener.http_inspector'],
  );
});

test('a service of unknown protocol is looked at, with routes of its own', () => {
  const snapshot = snapshotOf(service('odd', '{clusterIP: 10.1.0.3, ports: [{name: odd, port: 7000}]}'));
  const odd = listener(snapshot, '10.1.0.3_7000');
  assert.equal(clusterOf(odd?.defaultFilterChain), 'outbound|7000||odd.shop.svc.cluster.local');
  assert.deepEqual(
    snapshot.routes.map((routes) => [routes.name, routes.virtualHosts?.map((host) => host.domains)]),
    [['odd.shop.svc.cluster.local:7000', [['*']]]],
  );
});

test('ports of server-first protocols are not looked at', () => {
  const mail = listener(snapshotOf(service('mail', '{clusterIP: 10.1.0.4, ports: [{name: m, port: 25}]}')), '10.1.0.4_25');
  assert.equal(mail?.listenerFilters, undefined);
  assert.equal(clusterOf(mail?.filterChains?.[0]), 'outbound|25||mail.shop.svc.cluster.local');
});

test('TLS services without addresses of their own are told apart by server name', () => {
  const external = (name: string) =>
    entry(name, `{hosts: [${name}.example.com], resolution: DNS, ports: [{name: tls, number: 443, protocol: TLS}]}`);
  const shared = listener(snapshotOf(external('a') + external('b')), '0.0.0.0_443');
  assert.deepEqual(
    shared?.filterChains?.map((chain) => [chain.filterChainMatch?.serverNames, clusterOf(chain)]),
    [
      [['a.example.com'], 'outbound|443||a.example.com'],
      [['b.example.com'], 'outbound|443||b.example.com'],
    ],
  );
  assert.equal(clusterOf(shared?.defaultFilterChain), 'PassthroughCluster');
});

test('of two TCP services on one port without addresses the older takes all', () => {
  const tcp = (name: string, createdAt: string) =>
    entry(name, `{hosts: [${name}.example.com], resolution: DNS, ports: [{name: tcp, number: 9000, protocol: TCP}]}`, createdAt);
  const shared = listener(snapshotOf(tcp('a', '2021-01-01T00:00:00Z') + tcp('b', '2019-01-01T00:00:00Z')), '0.0.0.0_9000');
  assert.deepEqual(shared?.filterChains?.map(clusterOf), ['outbound|9000||b.example.com']);
});

test('networks are conditions of a listener for all addresses, single addresses have listeners', () => {
  const snapshot = snapshotOf(
    entry(
      'net',
      '{hosts: [net.example.com], addresses: [10.9.0.0/16, 10.8.0.1, 10.8.0.2/32], resolution: NONE, ports: [{name: tcp, number: 9000, protocol: TCP}]}',
    ),
  );
  assert.deepEqual(listener(snapshot, '0.0.0.0_9000')?.filterChains?.[0]?.filterChainMatch?.prefixRanges, [
    { addressPrefix: '10.9.0.0', prefixLen: 16 },
  ]);
  assert.deepEqual(
    listener(snapshot, '10.8.0.1_9000')?.additionalAddresses?.map(({ address }) => address?.socketAddress?.address),
    ['10.8.0.2'],
  );
});

test('HTTP and TCP on one port share a listener that looks at the bytes', () => {
  const both = listener(
    snapshotOf(
      entry(
        'web',
        '{hosts: [web.example.com], resolution: DNS, ports: [{name: http, number: 9000, protocol: HTTP}]}',
        '2019-01-01T00:00:00Z',
      ) + entry('raw', '{hosts: [raw.example.com], resolution: DNS, ports: [{name: tcp, number: 9000, protocol: TCP}]}'),
    ),
    '0.0.0.0_9000',
  );
  assert.deepEqual(
    both?.filterChains?.map((chain) => chain.filterChainMatch?.applicationProtocols),
    [['http/1.1', 'h2c']],
  );
  assert.equal(clusterOf(both?.defaultFilterChain), 'outbound|9000||raw.example.com');
});

test('a headless TCP service has a listener for each endpoint, and none for the proxy itself', () => {
  const slice =
    'apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s, namespace: shop, labels: {kubernetes.io/service-name: peers}}\nendpoints: [{addresses: [10.3.0.1]}, {addresses: [10.3.0.2]}, {addresses: [10.3.0.3], conditions: {ready: false}}]\nports: [{name: tcp, port: 6000}]\n---\n';
  const snapshot = snapshotOf(service('peers', '{clusterIP: None, ports: [{name: tcp, port: 6000}]}') + slice, { ip: '10.3.0.2' });
  assert.deepEqual(outbound(snapshot), ['10.3.0.1_6000', 'virtualOutbound']);
  assert.equal(snapshot.clusters.find((cluster) => cluster.name === 'outbound|6000||peers.shop.svc.cluster.local')?.type, 'ORIGINAL_DST');
});

test('TCP rules split by weight, and TLS rules by server name', () => {
  const rules =
    'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: db, namespace: shop}\nspec: {hosts: [db], tcp: [{match: [{port: 5432}], route: [{destination: {host: db, subset: a}, weight: 3}, {destination: {host: db, subset: b}, weight: 1}]}]}\n---\n';
  const chain = listener(snapshotOf(service('db', '{clusterIP: 10.1.0.2, ports: [{name: tcp, port: 5432}]}') + rules), '10.1.0.2_5432')
    ?.filterChains?.[0];
  assert.deepEqual((chain?.filters?.at(-1)?.typedConfig as Record<string, unknown> | undefined)?.weightedClusters, {
    clusters: [
      { name: 'outbound|5432|a|db.shop.svc.cluster.local', weight: 3 },
      { name: 'outbound|5432|b|db.shop.svc.cluster.local', weight: 1 },
    ],
  });
  const tls =
    'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: x, namespace: shop}\nspec: {hosts: ["*.example.com"], tls: [{match: [{port: 443, sniHosts: [a.example.com]}], route: [{destination: {host: db, port: {number: 5432}}}]}]}\n---\n';
  const wild = entry('wild', '{hosts: ["*.example.com"], resolution: NONE, ports: [{name: tls, number: 443, protocol: TLS}]}');
  const shared = listener(snapshotOf(service('db', '{clusterIP: 10.1.0.2, ports: [{name: tcp, port: 5432}]}') + tls + wild), '0.0.0.0_443');
  assert.deepEqual(
    shared?.filterChains?.map((made) => [made.filterChainMatch?.serverNames, clusterOf(made)]),
    [[['a.example.com'], 'outbound|5432||db.shop.svc.cluster.local']],
  );
});

test('a Sidecar port that is bound keeps other services off it, and one to be captured is not bound without interception', () => {
  const sidecar =
    'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: s, namespace: shop}\nspec: {egress: [{port: {number: 5432, protocol: TCP, name: tcp}, bind: 127.0.0.1, captureMode: NONE, hosts: ["./db.shop.svc.cluster.local"]}, {hosts: ["*/*"], captureMode: IPTABLES}]}\n---\n';
  const services =
    service('db', '{clusterIP: 10.1.0.2, ports: [{name: tcp, port: 5432}]}') +
    service('web', '{clusterIP: 10.1.0.1, ports: [{name: http, port: 80}]}');
  const plain = snapshotOf(services + sidecar, { metadata: { INTERCEPTION_MODE: 'NONE' } });
  assert.deepEqual(outbound(plain), ['127.0.0.1_5432']);
  assert.equal(listener(plain, '127.0.0.1_5432')?.bindToPort, undefined);
  assert.deepEqual(outbound(snapshotOf(services + sidecar)), ['0.0.0.0_80', '10.1.0.2_5432', '127.0.0.1_5432', 'virtualOutbound']);
});

test('without interception nothing redirected arrives, and the HTTP proxy port is where programs ask', () => {
  const snapshot = snapshotOf('', { metadata: { INTERCEPTION_MODE: 'NONE', HTTP_PROXY_PORT: '15080' } });
  assert.deepEqual(outbound(snapshot), ['127.0.0.1_15080']);
  assert.equal(listener(snapshot, '127.0.0.1_15080')?.defaultFilterChain, undefined);
});

test('a proxy of one address family listens in that family', () => {
  const snapshot = snapshotOf(
    service(
      'web',
      '{clusterIP: "2001:db8::1", clusterIPs: [10.1.0.1, "2001:db8::1"], ports: [{name: http, port: 80}, {name: tcp, port: 90}]}',
    ),
    { ip: '2001:db8::99' },
  );
  assert.deepEqual(outbound(snapshot), ['2001:db8::1_90', '::_80', 'virtualOutbound']);
});
