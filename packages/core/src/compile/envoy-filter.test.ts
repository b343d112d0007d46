import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpConnectionManagerJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { isPatchApplicable } from './envoy-filter.ts';
import { mergeJson } from './merge-json.ts';
import { snapshotOf } from './test-mesh.ts';

const mesh = `
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {clusterIP: 10.1.0.1, selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: app, namespace: shop}
spec: {address: 10.0.0.99, labels: {app: cart}}
---
`;
const lua =
  '{name: custom.lua, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua, default_source_code: {inline_string: "x"}}}';

function patched(patches: string, spec = ''): Snapshot {
  return snapshotOf(
    `${mesh}
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: f, namespace: shop}
spec: {${spec}configPatches: [${patches}]}
`,
    { labels: { app: 'cart' } },
  );
}

function inboundFilters(snapshot: Snapshot): readonly (string | undefined)[] {
  const chain = snapshot.listeners
    .find(({ name }) => name === 'virtualInbound')
    ?.filterChains?.find(({ filterChainMatch }) => filterChainMatch?.destinationPort === 8080);
  const manager = chain?.filters?.at(-1)?.typedConfig as HttpConnectionManagerJson | undefined;
  return (manager?.httpFilters ?? []).map(({ name }) => name);
}

const inRouterPlace =
  '{context: SIDECAR_INBOUND, listener: {filterChain: {filter: {name: envoy.filters.network.http_connection_manager, subFilter: {name: envoy.filters.http.router}}}}}';

test('an HTTP filter is put where the patch says, and the router stays last', () => {
  const before = patched(`{applyTo: HTTP_FILTER, match: ${inRouterPlace}, patch: {operation: INSERT_BEFORE, value: ${lua}}}`);
  assert.deepEqual(inboundFilters(before).slice(-2), ['custom.lua', 'envoy.filters.http.router']);
  const first = patched(`{applyTo: HTTP_FILTER, match: {context: SIDECAR_INBOUND}, patch: {operation: INSERT_FIRST, value: ${lua}}}`);
  assert.equal(inboundFilters(first)[0], 'custom.lua');
  const added = patched(`{applyTo: HTTP_FILTER, match: {context: SIDECAR_INBOUND}, patch: {operation: ADD, value: ${lua}}}`);
  assert.equal(inboundFilters(added).at(-1), 'envoy.filters.http.router');
});

test('a patch for outbound leaves inbound alone', () => {
  const snapshot = patched(`{applyTo: HTTP_FILTER, match: {context: SIDECAR_OUTBOUND}, patch: {operation: INSERT_FIRST, value: ${lua}}}`);
  assert.ok(!inboundFilters(snapshot).includes('custom.lua'));
});

test('a cluster is merged by the parts of its name, in either spelling of fields', () => {
  const snapshot = patched(
    '{applyTo: CLUSTER, match: {cluster: {service: cart.shop.svc.cluster.local, portNumber: 80}}, patch: {operation: MERGE, value: {connect_timeout: 3s, circuitBreakers: {thresholds: [{maxRetries: 7}]}}}}',
  );
  const cluster = snapshot.clusters.find(({ name }) => name === 'outbound|80||cart.shop.svc.cluster.local');
  assert.equal(cluster?.connectTimeout, '3s');
  assert.equal(cluster?.circuitBreakers?.thresholds?.length, 2);
});

test('clusters can be added and removed', () => {
  const snapshot = patched(
    '{applyTo: CLUSTER, patch: {operation: ADD, value: {name: extra}}}, {applyTo: CLUSTER, match: {cluster: {name: BlackHoleCluster}}, patch: {operation: REMOVE}}',
  );
  const names = snapshot.clusters.map(({ name }) => name);
  assert.ok(names.includes('extra'));
  assert.ok(!names.includes('BlackHoleCluster'));
});

test('a virtual host of inbound routes, which stand in the listener, can be changed', () => {
  const snapshot = patched(
    '{applyTo: VIRTUAL_HOST, match: {context: SIDECAR_INBOUND}, patch: {operation: MERGE, value: {response_headers_to_add: [{header: {key: x-seen, value: "1"}}]}}}',
  );
  assert.match(JSON.stringify(snapshot.listeners.find(({ name }) => name === 'virtualInbound')), /x-seen/);
});

test('only the workloads that the filter selects are changed', () => {
  const snapshot = patched(
    `{applyTo: HTTP_FILTER, match: {context: SIDECAR_INBOUND}, patch: {operation: INSERT_FIRST, value: ${lua}}}`,
    'workloadSelector: {labels: {app: other}}, ',
  );
  assert.ok(!inboundFilters(snapshot).includes('custom.lua'));
});

test('a patch for another version of the proxy is left out, and a proxy without a version counts as the latest', () => {
  const patch = `{applyTo: HTTP_FILTER, match: {context: SIDECAR_INBOUND, proxy: {proxyVersion: "^1\\\\.2.*"}}, patch: {operation: INSERT_FIRST, value: ${lua}}}`;
  const yaml = `${mesh}
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: f, namespace: shop}
spec: {configPatches: [${patch}]}
`;
  const isPatched = (metadata: Readonly<Record<string, string>>) =>
    inboundFilters(snapshotOf(yaml, { labels: { app: 'cart' }, metadata })).includes('custom.lua');
  assert.deepEqual([isPatched({ ISTIO_VERSION: '1.29.0' }), isPatched({ ISTIO_VERSION: '1.30.0' }), isPatched({})], [true, false, true]);
});

test('patches that cannot be expressed are told apart', () => {
  const value = (typeName: string) => ({ name: 'x', typed_config: { '@type': `type.googleapis.com/${typeName}` } });
  const patch = (applyTo: string, typeName: string) =>
    isPatchApplicable({ applyTo, patch: { operation: 'ADD', value: value(typeName) } } as never);
  assert.equal(patch('HTTP_FILTER', 'envoy.extensions.filters.http.lua.v3.Lua'), true);
  assert.equal(patch('HTTP_FILTER', 'acme.Unknown'), false);
  assert.equal(patch('BOOTSTRAP', 'envoy.extensions.filters.http.lua.v3.Lua'), false);
});

test('merging appends lists, merges messages and replaces a message of another type', () => {
  assert.deepEqual(mergeJson({ a: [1], b: { c: 1 } } as object, { a: [2], b: { d: 2 } }), { a: [1, 2], b: { c: 1, d: 2 } });
  assert.deepEqual(mergeJson({ t: { '@type': 'x', a: 1 } } as object, { t: { '@type': 'y', b: 2 } }), { t: { '@type': 'y', b: 2 } });
});

test('a patch with targetRefs is for the Gateways that it names', () => {
  const patch = '{applyTo: LISTENER, match: {context: GATEWAY}, patch: {operation: MERGE, value: {per_connection_buffer_limit_bytes: 9}}}';
  const snapshotFor = (gateway: string) =>
    snapshotOf(
      `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {selector: {app: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: f, namespace: shop}
spec: {targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: ${gateway}}], configPatches: [${patch}]}
`,
      { type: 'router', labels: { app: 'edge', 'gateway.networking.k8s.io/gateway-name': 'edge' } },
    );
  const limits = (snapshot: Snapshot) => snapshot.listeners.map((listener) => listener.perConnectionBufferLimitBytes);
  assert.deepEqual(limits(snapshotFor('edge')), [9]);
  assert.deepEqual(limits(snapshotFor('other')), limits(snapshotFor('third')));
  assert.notDeepEqual(limits(snapshotFor('other')), [9]);
});

test('an added cluster that asks for HTTP/2 in the old way is told so in the new one', () => {
  const snapshot = patched(
    '{applyTo: CLUSTER, match: {context: SIDECAR_OUTBOUND}, patch: {operation: ADD, value: {name: limiter, http2_protocol_options: {}}}}',
  );
  const cluster = snapshot.clusters.find(({ name }) => name === 'limiter');
  assert.equal(cluster?.http2ProtocolOptions, undefined);
  assert.match(JSON.stringify(cluster?.typedExtensionProtocolOptions), /"explicitHttpConfig":\{"http2ProtocolOptions":\{\}\}/);
});
