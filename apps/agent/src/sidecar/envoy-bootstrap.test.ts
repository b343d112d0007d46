import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProxyConfigSettings } from '@weft/core/resource/proxy-config';
import type { LocalWorkload } from '../api/config-types.ts';
import { envoyArguments, envoyBootstrap } from './envoy-bootstrap.ts';

function bootstrapOf(proxyConfig: ProxyConfigSettings, metadata: Readonly<Record<string, string>> = {}) {
  const workload: LocalWorkload = {
    name: 'cart-1',
    namespace: 'shop',
    type: 'sidecar',
    address: '127.0.0.9',
    labels: { app: 'cart' },
    workloadName: 'cart',
    serviceAccount: 'cart',
    cluster: 'Kubernetes',
    network: '',
    locality: { region: 'r1', zone: 'z1', subzone: '' },
    trustDomain: 'cluster.local',
    proxyMetadata: metadata,
    proxyConfig,
    registration: null,
  };
  return envoyBootstrap(workload, { admin: 15_000, companion: 15_999, isDelta: false });
}

const clusterNames = (bootstrap: ReturnType<typeof bootstrapOf>) => (bootstrap.staticResources?.clusters ?? []).map(({ name }) => name);

test('an Envoy gets secrets and configuration from the process beside it', () => {
  const bootstrap = bootstrapOf({});
  assert.deepEqual(clusterNames(bootstrap), ['xds-grpc', 'sds-grpc']);
  for (const cluster of bootstrap.staticResources?.clusters ?? []) assert.match(JSON.stringify(cluster), /"portValue":15999/);
  assert.equal(bootstrap.dynamicResources?.adsConfig?.apiType, 'GRPC');
  assert.equal(bootstrap.node?.metadata?.ISTIO_VERSION, undefined, 'it has none of the filters that Istio builds in');
});

test('a proxy that is to balance by zone has a cluster of its own fleet', () => {
  const bootstrap = bootstrapOf({}, { ISTIO_META_ENABLE_SELF_DISCOVERY: 'true' });
  assert.equal(bootstrap.clusterManager?.localClusterName, 'local_cluster');
  assert.deepEqual(clusterNames(bootstrap), ['xds-grpc', 'local_cluster', 'sds-grpc']);
});

test('a proxy is named as its configuration says', () => {
  const nameOf = (proxyConfig: ProxyConfigSettings) => bootstrapOf(proxyConfig).node?.cluster;
  assert.equal(nameOf({ serviceCluster: 'istio-proxy' }), 'cart.shop');
  assert.equal(nameOf({ serviceCluster: 'till' }), 'till');
  assert.equal(nameOf({ tracingServiceName: 'CANONICAL_NAME_ONLY' }), 'cart');
  assert.equal(nameOf({ tracingServiceName: 'CANONICAL_NAME_AND_NAMESPACE' }), 'cart.shop');
});

test('the runtime has what is configured, and the limits of connections', () => {
  const { layeredRuntime, overloadManager } = bootstrapOf({
    runtimeValues: { 'a.flag': 'true', 'a.number': '7', 'a.default': '' },
    connectionSettings: { listenerConnectionLimit: 10, globalDownstreamConnectionLimit: 20 },
  });
  assert.deepEqual(layeredRuntime?.layers?.[0]?.staticLayer, {
    'envoy.resource_limits.listener.virtualInbound.connection_limit': 10,
    'envoy.resource_limits.listener.virtualOutbound.connection_limit': 10,
    'a.flag': true,
    'a.number': '7',
  });
  assert.match(JSON.stringify(overloadManager), /"maxActiveDownstreamConnections":"20"/);
});

test('statistics are chosen, tagged and sent on', () => {
  const bootstrap = bootstrapOf({
    proxyStatsMatcher: { inclusionPrefixes: ['cluster.outbound'], inclusionSuffixes: ['rq_total'], inclusionRegexps: ['a.*b'] },
    extraStatTags: ['region'],
    envoyMetricsService: { address: 'metrics.example.com:9000', tcpKeepalive: { time: '60s' } },
    statsdUdpAddress: '10.0.0.7:9125',
  });
  const { statsMatcher, statsTags } = bootstrap.statsConfig ?? {};
  const patterns = statsMatcher?.inclusionList?.patterns ?? [];
  for (const pattern of [{ prefix: 'cluster.outbound' }, { suffix: 'rq_total' }, { safeRegex: { regex: 'a.*b' } }, { prefix: 'istio' }])
    assert.ok(
      patterns.some((each) => JSON.stringify(each) === JSON.stringify(pattern)),
      JSON.stringify(pattern),
    );
  assert.deepEqual(statsTags, [{ tagName: 'region', regex: '(region=\\.=(.*?);\\.;)' }]);
  assert.deepEqual(
    bootstrap.statsSinks?.map(({ name }) => name),
    ['envoy.stat_sinks.metrics_service', 'envoy.stat_sinks.statsd'],
  );
  assert.ok(clusterNames(bootstrap).includes('envoy_metrics_service'));
  const secured = bootstrapOf({ envoyMetricsService: { address: 'metrics.example.com:9000', tlsSettings: { mode: 'SIMPLE' } } });
  assert.equal(secured.statsSinks, undefined, 'nothing goes out in plain text that should be encrypted');
});

test('threads and the writing of logs are arguments', () => {
  assert.deepEqual(envoyArguments({ concurrency: 3, fileFlushInterval: '2s', fileFlushMinSizeKb: 16 }), [
    '--concurrency',
    '3',
    '--file-flush-interval-msec',
    '2000',
    '--file-flush-min-size-kb',
    '16',
  ]);
  assert.deepEqual(envoyArguments({ concurrency: 0 }), []);
});
