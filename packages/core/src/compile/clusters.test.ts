import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { snapshotOf, type TestClient } from './test-mesh.ts';

const mesh = `
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {clusterIP: 10.1.0.1, selector: {app: cart}, ports: [{name: http, port: 80, targetPort: web}, {name: grpc, port: 90}, {name: any, port: 70}, {name: dns, port: 53, protocol: UDP}]}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: cart-1, namespace: shop}
spec: {address: 10.2.0.1, labels: {app: cart, version: v1}, serviceAccount: cart, ports: {web: 8080, http: 8081}}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: cart-2, namespace: shop}
spec: {address: 10.2.0.2, labels: {app: cart, version: v2}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ext, namespace: shop}
spec: {hosts: [api.example.com], resolution: DNS, location: MESH_EXTERNAL, ports: [{name: https, number: 443, protocol: HTTPS, targetPort: 8443}], subjectAltNames: [api.example.com]}
---
`;

function rule(spec: string, name = 'rule', namespace = 'shop'): string {
  return `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n---\n`;
}

const named = (snapshot: Snapshot, name: string): ClusterJson | undefined => snapshot.clusters.find((cluster) => cluster.name === name);
const cart = (policy: string, port = 80, client: TestClient = {}) =>
  named(snapshotOf(mesh + rule(`{host: cart, trafficPolicy: ${policy}}`), client), `outbound|${port}||cart.shop.svc.cluster.local`);

test('there is a cluster for each port but UDP, and for each subset', () => {
  const names = snapshotOf(mesh + rule('{host: cart, subsets: [{name: v1, labels: {version: v1}}]}')).clusters.map(
    (cluster) => cluster.name,
  );
  assert.deepEqual(
    names.filter((name) => name?.includes('cart')),
    ['', 'v1'].flatMap((subset) => ['70', '80', '90'].map((port) => `outbound|${port}|${subset}|cart.shop.svc.cluster.local`)).sort(),
  );
  assert.ok(names.includes('BlackHoleCluster') && names.includes('PassthroughCluster'));
});

test('HTTP/2 is spoken where the port says so, and what the client speaks where it says nothing', () => {
  const options = (port: number) =>
    cart('{}', port)?.typedExtensionProtocolOptions?.['envoy.extensions.upstreams.http.v3.HttpProtocolOptions'] as
      | Record<string, unknown>
      | undefined;
  assert.equal(options(80), undefined);
  assert.deepEqual(options(90)?.explicitHttpConfig, { http2ProtocolOptions: {} });
  assert.deepEqual(options(70)?.useDownstreamProtocolConfig, { httpProtocolOptions: {}, http2ProtocolOptions: {} });
  const upgraded = cart('{connectionPool: {http: {h2UpgradePolicy: UPGRADE, maxConcurrentStreams: 9}}}')?.typedExtensionProtocolOptions;
  assert.deepEqual(
    (upgraded?.['envoy.extensions.upstreams.http.v3.HttpProtocolOptions'] as Record<string, unknown> | undefined)?.explicitHttpConfig,
    {
      http2ProtocolOptions: { maxConcurrentStreams: 9 },
    },
  );
});

test('nothing limits a cluster until a rule does, and nought means no limit', () => {
  assert.deepEqual(cart('{}')?.circuitBreakers?.thresholds?.[0], {
    maxConnections: 4294967295,
    maxPendingRequests: 4294967295,
    maxRequests: 4294967295,
    maxRetries: 4294967295,
    trackRemaining: true,
  });
  const limited = cart(
    '{connectionPool: {tcp: {maxConnections: 3, connectTimeout: 1s}, http: {http1MaxPendingRequests: 0, http2MaxRequests: 5}}, retryBudget: {percent: 30}}',
  );
  assert.equal(limited?.connectTimeout, '1s');
  const thresholds = limited?.circuitBreakers?.thresholds?.[0];
  assert.deepEqual([thresholds?.maxConnections, thresholds?.maxPendingRequests, thresholds?.maxRequests], [3, 4294967295, 5]);
  assert.deepEqual(thresholds?.retryBudget, { budgetPercent: { value: 30 }, minRetryConcurrency: 3 });
});

test('outlier detection looks at what is asked for, and a long ejection raises its maximum', () => {
  assert.deepEqual(cart('{outlierDetection: {}}')?.outlierDetection, { enforcingSuccessRate: 0 });
  assert.deepEqual(
    cart(
      '{outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 2, baseEjectionTime: 10m, maxEjectionPercent: 50, minHealthPercent: 30}}',
    )?.outlierDetection,
    {
      consecutive5xx: 0,
      baseEjectionTime: '600s',
      maxEjectionPercent: 50,
      enforcingConsecutive5xx: 0,
      enforcingSuccessRate: 0,
      consecutiveGatewayFailure: 2,
      enforcingConsecutiveGatewayFailure: 100,
      maxEjectionTime: '600s',
    },
  );
});

test('load balancers: fewest requests by default, the old name alike, hashing by ring', () => {
  assert.equal(cart('{}')?.lbPolicy, 'LEAST_REQUEST');
  assert.equal(cart('{loadBalancer: {simple: LEAST_CONN}}')?.lbPolicy, 'LEAST_REQUEST');
  assert.equal(cart('{loadBalancer: {simple: RANDOM}}')?.lbPolicy, 'RANDOM');
  assert.deepEqual(cart('{loadBalancer: {consistentHash: {useSourceIp: true}}}')?.ringHashLbConfig, { minimumRingSize: '1024' });
  assert.equal(cart('{loadBalancer: {consistentHash: {useSourceIp: true, maglev: {}}}}')?.lbPolicy, 'MAGLEV');
  assert.equal(cart('{loadBalancer: {simple: PASSTHROUGH}}')?.type, 'ORIGINAL_DST');
  assert.deepEqual(cart('{loadBalancer: {warmup: {duration: 30s}}}')?.leastRequestLbConfig?.slowStartConfig, {
    slowStartWindow: '30s',
    aggression: { defaultValue: 1, runtimeKey: '(' },
    minWeightPercent: { value: 10 },
  });
});

test('settings of a port replace those of the host whole, a subset overrides block by block', () => {
  const yaml =
    mesh +
    rule(
      '{host: cart, trafficPolicy: {loadBalancer: {simple: RANDOM}, outlierDetection: {}, portLevelSettings: [{port: {number: 90}, connectionPool: {tcp: {maxConnections: 1}}}]}, subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}}}]}',
    );
  const snapshot = snapshotOf(yaml);
  const atPort = named(snapshot, 'outbound|90||cart.shop.svc.cluster.local');
  assert.deepEqual([atPort?.lbPolicy, atPort?.outlierDetection], ['LEAST_REQUEST', undefined]);
  const subset = named(snapshot, 'outbound|80|v1|cart.shop.svc.cluster.local');
  assert.equal(subset?.lbPolicy, 'RANDOM');
  assert.equal(subset?.circuitBreakers?.thresholds?.[0]?.maxConnections, 7);
});

test('endpoints that take mutual TLS get it, the others plain text', () => {
  const snapshot = snapshotOf(mesh);
  const matches = named(snapshot, 'outbound|80||cart.shop.svc.cluster.local')?.transportSocketMatches;
  assert.deepEqual(
    matches?.map(({ name, match }) => [name, match]),
    [
      ['tlsMode-istio', { tlsMode: 'istio' }],
      ['tlsMode-disabled', {}],
    ],
  );
  const tls = JSON.stringify(matches?.[0]);
  assert.match(tls, /"sni":"outbound_.80_._.cart.shop.svc.cluster.local"/);
  assert.match(tls, /"exact":"spiffe:\/\/cluster.local\/ns\/shop\/sa\/cart"/);
  const endpoints = snapshot.endpoints.find((assignment) => assignment.clusterName === 'outbound|80||cart.shop.svc.cluster.local')
    ?.endpoints?.[0]?.lbEndpoints;
  assert.deepEqual(
    endpoints?.map((endpoint) => [
      endpoint.endpoint?.address?.socketAddress?.portValue,
      endpoint.metadata?.filterMetadata?.['envoy.transport_socket_match'],
    ]),
    [[8081, { tlsMode: 'istio' }]],
  );
});

test('nobody is offered mutual TLS in a namespace that has it switched off, nor by a rule that forbids it', () => {
  const off =
    'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: default, namespace: shop}\nspec: {mtls: {mode: DISABLE}}\n---\n';
  assert.equal(named(snapshotOf(mesh + off), 'outbound|80||cart.shop.svc.cluster.local')?.transportSocketMatches, undefined);
  assert.equal(cart('{tls: {mode: DISABLE}}')?.transportSocketMatches, undefined);
  assert.equal(cart('{tls: {mode: ISTIO_MUTUAL}}')?.transportSocketMatches, undefined);
  assert.ok(cart('{tls: {mode: ISTIO_MUTUAL}}')?.transportSocket);
});

test('a DNS service resolves its own name, is not expected to take mutual TLS, and can be spoken to by TLS with its names', () => {
  const external = named(
    snapshotOf(mesh + rule('{host: api.example.com, trafficPolicy: {tls: {mode: SIMPLE}}}')),
    'outbound|443||api.example.com',
  );
  assert.equal((external?.clusterType?.typedConfig as { dnsLookupFamily?: string } | undefined)?.dnsLookupFamily, 'V4_ONLY');
  assert.deepEqual(external?.loadAssignment?.endpoints?.[0]?.lbEndpoints?.[0]?.endpoint?.address?.socketAddress, {
    address: 'api.example.com',
    portValue: 8443,
  });
  assert.match(JSON.stringify(external?.transportSocket), /"sanType":"DNS","matcher":\{"exact":"api.example.com"\}/);
  const http = external?.typedExtensionProtocolOptions?.['envoy.extensions.upstreams.http.v3.HttpProtocolOptions'] as Record<
    string,
    unknown
  >;
  assert.deepEqual(http.upstreamHttpProtocolOptions, { autoSni: true, autoSanValidation: true });
});

test('a client prefers rules of its own namespace, then of the service, then of the root namespace, most specific host first', () => {
  const own = rule('{host: "*.svc.cluster.local", trafficPolicy: {loadBalancer: {simple: RANDOM}}}', 'own', 'client');
  const service = rule('{host: cart, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}', 'service', 'shop');
  const root = rule('{host: "*", trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}}', 'root', 'istio-system');
  const policyOf = (yaml: string, namespace: string) =>
    named(snapshotOf(mesh + yaml, { namespace }), 'outbound|80||cart.shop.svc.cluster.local')?.lbPolicy;
  assert.equal(policyOf(own + service + root, 'client'), 'RANDOM');
  assert.equal(policyOf(own + service + root, 'other'), undefined);
  assert.equal(policyOf(own + root, 'other'), 'RING_HASH');
});

test('rules for one host in one namespace are merged, unless they are exported differently', () => {
  const subsets = (yaml: string, namespace = 'other') =>
    snapshotOf(mesh + yaml, { namespace })
      .clusters.flatMap(({ name }) =>
        name?.startsWith('outbound|80|') && name.endsWith('cart.shop.svc.cluster.local') ? [name.split('|')[2]] : [],
      )
      .sort();
  const a = (more = '') => rule(`{host: cart, subsets: [{name: v1, labels: {version: v1}}]${more}}`, 'a');
  const b = (more = '') => rule(`{host: cart.shop.svc.cluster.local, subsets: [{name: v2, labels: {version: v2}}]${more}}`, 'b');
  assert.deepEqual(subsets(a() + b()), ['', 'v1', 'v2']);
  assert.deepEqual(subsets(a() + b(', exportTo: [elsewhere]')), ['', 'v1']);
});

test('the mesh can name clusters in statistics by a pattern', () => {
  const snapshot = snapshotOf(mesh, {}, { outboundClusterStatName: '%SERVICE%_%SERVICE_PORT_NAME%_%SERVICE_PORT%' });
  assert.equal(named(snapshot, 'outbound|80||cart.shop.svc.cluster.local')?.altStatName, 'cart.shop_http_80;');
  assert.equal(cart('{}')?.altStatName, undefined);
});

test('the mesh sets what no DestinationRule does, block by block, for inbound and passed-on connections too', () => {
  const defaults = {
    defaultTrafficPolicy: {
      connectionPool: { tcp: { maxConnections: 7 }, http: { http2MaxRequests: 8 } },
      outlierDetection: { consecutive5xxErrors: 9 },
    },
  };
  const limits = (snapshot: Snapshot, name: string) => named(snapshot, name)?.circuitBreakers?.thresholds?.[0]?.maxConnections;
  const outbound = 'outbound|80||cart.shop.svc.cluster.local';
  const plain = snapshotOf(mesh, { labels: { app: 'cart' }, ip: '10.2.0.1' }, defaults);
  assert.deepEqual(
    [outbound, 'inbound|8081||', 'PassthroughCluster', 'InboundPassthroughCluster'].map((name) => limits(plain, name)),
    [7, 7, 7, 7],
  );
  assert.equal(named(plain, outbound)?.outlierDetection?.consecutive5xx, 9);
  const ruled = snapshotOf(mesh + rule('{host: cart, trafficPolicy: {connectionPool: {tcp: {connectTimeout: 3s}}}}'), {}, defaults);
  assert.equal(limits(ruled, outbound), 4_294_967_295);
  assert.equal(named(ruled, outbound)?.outlierDetection?.consecutive5xx, 9);
});

test('with zone awareness regions make priorities and Envoy balances zones; switched off it is said', () => {
  const client = { locality: { region: 'r1', zone: 'z1' } };
  const on = cart('{loadBalancer: {zoneAwareLbSetting: {enabled: true, minClusterSize: 3}}}', 80, client);
  assert.deepEqual(on?.commonLbConfig, { zoneAwareLbConfig: { routingEnabled: { value: 100 }, minClusterSize: '3' } });
  const off = cart('{loadBalancer: {zoneAwareLbSetting: {enabled: false}}}', 80, client);
  assert.deepEqual(off?.commonLbConfig, { zoneAwareLbConfig: { routingEnabled: {} } });
});
