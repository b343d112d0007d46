import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterChainJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { HttpConnectionManagerJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { snapshotOf, type TestClient } from './test-mesh.ts';

const workload = `
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  clusterIP: 10.1.0.1
  selector: {app: cart}
  ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp, port: 90, targetPort: 9090}, {name: anything, port: 70, targetPort: 7070}]
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: app, namespace: shop}
spec: {address: 10.0.0.99, labels: {app: cart}, serviceAccount: cart}
---
`;
const cart: TestClient = { labels: { app: 'cart' } };

const policy = (kind: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: ${kind}
metadata: {name: ${kind.toLowerCase()}, namespace: shop}
spec: ${spec}
---
`;
const mtls = (mode: string) => policy('PeerAuthentication', `{mtls: {mode: ${mode}}}`);
const sidecar = (ingress: string) => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: cart, namespace: shop}
spec: {workloadSelector: {labels: {app: cart}}, ingress: [${ingress}]}
---
`;

function chainsFor(snapshot: Snapshot, port: number, listener = 'virtualInbound'): readonly FilterChainJson[] {
  const chains = snapshot.listeners.find(({ name }) => name === listener)?.filterChains ?? [];
  return chains.filter((chain) => chain.filterChainMatch?.destinationPort === port);
}

/** `http` or `tcp`, `mtls` when the chain ends mesh TLS, and the transport it matches. */
function shape(chain: FilterChainJson): string {
  const isHttp = chain.filters?.at(-1)?.name === 'envoy.filters.network.http_connection_manager';
  return [isHttp ? 'http' : 'tcp', chain.transportSocket ? 'mtls' : 'plain', chain.filterChainMatch?.transportProtocol ?? 'any'].join(' ');
}

function manager(chain: FilterChainJson | undefined): HttpConnectionManagerJson {
  return (chain?.filters?.at(-1)?.typedConfig ?? {}) as HttpConnectionManagerJson;
}

const shapes: readonly [mode: string, port: number, want: readonly string[]][] = [
  ['STRICT', 8080, ['http mtls tls']],
  ['PERMISSIVE', 8080, ['http mtls tls', 'http plain raw_buffer']],
  ['DISABLE', 8080, ['http plain any']],
  ['STRICT', 9090, ['tcp mtls tls']],
  ['PERMISSIVE', 9090, ['tcp mtls tls', 'tcp plain raw_buffer', 'tcp plain tls']],
  ['DISABLE', 9090, ['tcp plain any']],
  ['STRICT', 7070, ['http mtls tls', 'tcp mtls tls']],
  ['PERMISSIVE', 7070, ['http mtls tls', 'http plain raw_buffer', 'tcp mtls tls', 'tcp plain raw_buffer', 'tcp plain tls']],
  ['DISABLE', 7070, ['http plain any', 'tcp plain any']],
];

for (const [mode, port, want] of shapes) {
  test(`port ${port} under ${mode}`, () => {
    assert.deepEqual(chainsFor(snapshotOf(workload + mtls(mode), cart), port).map(shape), want);
  });
}

test('a port-level mode holds for a port that no service names', () => {
  const peer = policy(
    'PeerAuthentication',
    '{selector: {matchLabels: {app: cart}}, mtls: {mode: STRICT}, portLevelMtls: {5555: {mode: DISABLE}}}',
  );
  const snapshot = snapshotOf(workload + peer, cart);
  assert.deepEqual(chainsFor(snapshot, 5555).map(shape), ['http plain any', 'tcp plain any']);
  assert.deepEqual(chainsFor(snapshot, 8080).map(shape), ['http mtls tls']);
});

test('a Sidecar ingress listener replaces the ports of services and leads to its endpoint', () => {
  const snapshot = snapshotOf(
    workload + sidecar('{port: {number: 8080, protocol: HTTP, name: http}, defaultEndpoint: 127.0.0.1:3000}'),
    cart,
  );
  assert.deepEqual(chainsFor(snapshot, 9090), []);
  assert.match(
    JSON.stringify(snapshot.clusters.find(({ name }) => name === 'inbound|8080||')),
    /"address":"127\.0\.0\.1","portValue":3000/,
  );
});

test('without interception a Sidecar listener is bound to its own address and nothing else is opened', () => {
  const ingress =
    '{port: {number: 21001, protocol: HTTP, name: http}, bind: 127.0.0.1, captureMode: NONE, defaultEndpoint: 127.0.0.1:3000}';
  const snapshot = snapshotOf(workload + sidecar(ingress), { ...cart, metadata: { INTERCEPTION_MODE: 'NONE' } });
  const inbound = snapshot.listeners.filter(({ trafficDirection }) => trafficDirection === 'INBOUND');
  assert.deepEqual(
    inbound.map(({ name, listenerFilters }) => [name, listenerFilters?.map((filter) => filter.name)]),
    [['127.0.0.1_21001', ['envoy.filters.listener.tls_inspector']]],
  );
});

test('the connection pool of a Sidecar holds for connections to the workload', () => {
  const pool =
    '{tcp: {maxConnections: 7, idleTimeout: 40s, maxConnectionDuration: 50s, tcpKeepalive: {probes: 3}}, http: {useClientProtocol: false}}';
  const ingress = sidecar(`{port: {number: 8080, protocol: HTTP, name: http}, defaultEndpoint: 127.0.0.1:3000, connectionPool: ${pool}}`);
  const cluster = snapshotOf(workload + ingress, cart).clusters.find(({ name }) => name === 'inbound|8080||');
  assert.equal(cluster?.circuitBreakers?.thresholds?.[0]?.maxConnections, 7);
  assert.deepEqual(cluster?.upstreamConnectionOptions, { tcpKeepalive: { keepaliveProbes: 3 } });
  assert.match(JSON.stringify(cluster?.typedExtensionProtocolOptions), /"idleTimeout":"40s","maxConnectionDuration":"50s"/);
});

test("a Sidecar listener's own TLS counts only where mesh TLS is off", () => {
  const ingress = sidecar(
    '{port: {number: 8443, protocol: HTTPS, name: https}, tls: {mode: SIMPLE, serverCertificate: /c, privateKey: /k}}',
  );
  const off = policy('PeerAuthentication', '{selector: {matchLabels: {app: cart}}, portLevelMtls: {8443: {mode: DISABLE}}}');
  assert.match(JSON.stringify(chainsFor(snapshotOf(workload + ingress + off, cart), 8443)), /file-cert:\/c~\/k/);
  assert.doesNotMatch(JSON.stringify(chainsFor(snapshotOf(workload + ingress + mtls('STRICT'), cart), 8443)), /file-cert/);
});

test('filters stand in the order that makes a preflight need permission and a fault come after it', () => {
  const policies =
    policy('AuthorizationPolicy', '{rules: [{}]}') + policy('RequestAuthentication', '{jwtRules: [{issuer: x, jwks: "{}"}]}');
  const [chain] = chainsFor(snapshotOf(workload + policies + mtls('STRICT'), cart), 8080);
  const names = (manager(chain).httpFilters ?? []).map((filter) => filter.name?.replace('envoy.filters.http.', ''));
  assert.deepEqual(names, ['jwt_authn', 'rbac', 'grpc_stats', 'fault', 'cors', 'router']);
});

test("filters of Istio's own are sent only to proxies that list them", () => {
  const snapshot = snapshotOf(workload + mtls('STRICT'), cart);
  assert.doesNotMatch(JSON.stringify(snapshot.listeners), /istio\.stats|peer_metadata|metadata_exchange/);
});

test('a request that was surely not begun is tried again, unless it is gRPC', () => {
  const [chain] = chainsFor(snapshotOf(workload + mtls('STRICT'), cart), 8080);
  assert.equal(manager(chain).routeConfig?.virtualHosts?.[0]?.routes?.[0]?.route?.retryPolicy?.retryOn, 'reset-before-request');
  assert.equal(manager(chain).routeConfig?.virtualHosts?.[0]?.name, 'inbound|http|80');
});

test('a Wasm plug-in that asks to fail closed denies everything, because it cannot be loaded', () => {
  const plugin = (strategy: string) => `
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: auth, namespace: shop}
spec: {url: "oci://registry/auth:1", phase: AUTHN${strategy}}
---
`;
  const text = (strategy: string) => JSON.stringify(chainsFor(snapshotOf(workload + plugin(strategy), cart), 8080));
  assert.match(text(', failStrategy: FAIL_CLOSE'), /extension-not-loaded/);
  assert.doesNotMatch(text(''), /extension-not-loaded/);
});

test('path normalization follows the mesh', () => {
  const of = (normalization: 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES') => {
    const [chain] = chainsFor(snapshotOf(workload + mtls('STRICT'), cart, { pathNormalization: { normalization } }), 8080);
    const { normalizePath, mergeSlashes, pathWithEscapedSlashesAction } = manager(chain);
    return [normalizePath, mergeSlashes, pathWithEscapedSlashesAction];
  };
  assert.deepEqual(of('NONE'), [undefined, undefined, undefined]);
  assert.deepEqual(of('BASE'), [true, undefined, undefined]);
  assert.deepEqual(of('MERGE_SLASHES'), [true, true, undefined]);
  assert.deepEqual(of('DECODE_AND_MERGE_SLASHES'), [true, true, 'UNESCAPE_AND_FORWARD']);
});

test('a key set without a usable key refuses tokens instead of making Envoy refuse the listener', () => {
  const jwks = (text: string) => {
    const rules = policy('RequestAuthentication', `{jwtRules: [{issuer: x, jwks: '${text}'}]}`);
    return JSON.stringify(chainsFor(snapshotOf(workload + rules + mtls('STRICT'), cart), 8080)[0]);
  };
  // The base point of the curve.
  const [x, y] = ['axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY', 'T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU'];
  const usable = JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x, y }] });
  assert.ok(jwks(usable).includes(JSON.stringify(usable)));
  for (const text of ['{"keys":[]}', '{"keys":[{"kty":"RSA"}]}', '{}']) assert.match(jwks(text), /unavailable/);
});
