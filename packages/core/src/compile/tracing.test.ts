import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HttpConnectionManager_TracingJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { ExtensionProvider } from '../resource/extension-provider.ts';
import type { MeshConfig } from '../resource/mesh-config.ts';
import type { ProxyConfigSettings } from '../resource/proxy-config.ts';
import { meshOf, snapshotOf, type TestClient, viewOf } from './test-mesh.ts';
import { tracing } from './tracing.ts';

const collector = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: spans, namespace: shop }
spec: { hosts: [spans.example.com], resolution: DNS, ports: [{ number: 80, name: http, protocol: HTTP }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: sampling, namespace: shop }
spec: { hosts: [sampling.example.com], resolution: DNS, ports: [{ number: 443, name: http, protocol: HTTP }] }
`;
const at = { service: 'spans.example.com', port: 80 };

interface Setup {
  readonly provider?: ExtensionProvider;
  readonly defaults?: ProxyConfigSettings;
  readonly yaml?: string;
  readonly client?: TestClient;
  readonly meshConfig?: Partial<MeshConfig>;
}

function traced({ provider, defaults = {}, yaml = '', client, meshConfig = {} }: Setup): HttpConnectionManager_TracingJson | null {
  const config = {
    defaultConfig: defaults,
    ...(provider ? { extensionProviders: [{ name: 'spans', ...provider }], defaultProviders: { tracing: ['spans'] } } : {}),
    ...meshConfig,
  };
  return tracing(viewOf(meshOf(`${collector}---\n${yaml}`, config), client), 'sidecar-outbound');
}

function tracerOf(setup: Setup): unknown {
  return traced(setup)?.provider?.typedConfig;
}

const cluster = 'outbound|80||spans.example.com';

describe('providers', () => {
  test('Zipkin is called with headers and a timeout, by proxies before Istio 1.29 without', () => {
    const provider = { zipkin: { ...at, path: '/own', timeout: '3s', headers: [{ name: 'x-key', value: 'k' }] } };
    const common = { '@type': 'type.googleapis.com/envoy.config.trace.v3.ZipkinConfig', traceId128bit: true, sharedSpanContext: false };
    assert.deepEqual(tracerOf({ provider }), {
      ...common,
      collectorService: {
        httpUri: { uri: 'http://spans.example.com/own', cluster, timeout: '3s' },
        requestHeadersToAdd: [{ header: { key: 'x-key', value: 'k' }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
      },
      collectorEndpointVersion: 'HTTP_JSON',
    });
    assert.deepEqual(tracerOf({ provider, client: { metadata: { ISTIO_VERSION: '1.28.3' } } }), {
      ...common,
      collectorCluster: cluster,
      collectorEndpoint: '/own',
      collectorHostname: 'spans.example.com',
      collectorEndpointVersion: 'HTTP_JSON',
    });
  });

  test('Datadog and SkyWalking are sent to proxies that have them', () => {
    assert.deepEqual(tracerOf({ provider: { datadog: at } }), {
      '@type': 'type.googleapis.com/envoy.config.trace.v3.DatadogConfig',
      collectorCluster: cluster,
      collectorHostname: 'spans.example.com',
      serviceName: 'istio-proxy.shop',
    });
    const skyWalking = traced({ provider: { skywalking: { ...at, accessToken: 't' } } });
    assert.deepEqual(skyWalking?.provider?.typedConfig, {
      '@type': 'type.googleapis.com/envoy.config.trace.v3.SkyWalkingConfig',
      grpcService: { envoyGrpc: { clusterName: cluster, authority: 'spans.example.com' } },
      clientConfig: { backendToken: 't' },
    });
    assert.equal(skyWalking?.spawnUpstreamSpan, true);
  });

  test('OpenTelemetry tells of its resource, enriched where asked for', () => {
    const opentelemetry = {
      ...at,
      http: { path: 'traces' },
      resourceDetectors: { environment: {}, dynatrace: {} },
      serviceAttributeEnrichment: 'OTEL_SEMANTIC_CONVENTIONS',
    };
    const labels = { 'app.kubernetes.io/name': 'till', 'app.kubernetes.io/version': '7' };
    const config = tracerOf({ provider: { opentelemetry }, client: { labels } }) as Readonly<Record<string, unknown>>;
    const detectors = 'type.googleapis.com/envoy.extensions.tracers.opentelemetry.resource_detectors.v3';
    assert.equal(config.serviceName, 'till');
    assert.deepEqual(config.httpService, { httpUri: { uri: 'http://spans.example.com/traces', cluster, timeout: '10s' } });
    assert.deepEqual(
      (config.resourceDetectors as { typedConfig: unknown }[]).map(({ typedConfig }) => typedConfig),
      [
        { '@type': `${detectors}.EnvironmentResourceDetectorConfig` },
        { '@type': `${detectors}.DynatraceResourceDetectorConfig` },
        {
          '@type': `${detectors}.StaticConfigResourceDetectorConfig`,
          attributes: { 'service.instance.id': 'shop.app.istio-proxy', 'service.namespace': 'shop', 'service.version': '7' },
        },
      ],
    );
  });

  test('a sampler sees every request, and asks where spans go unless it has a service of its own', () => {
    const sampled = (opentelemetry: ExtensionProvider['opentelemetry']) =>
      traced({ provider: { opentelemetry: { ...at, ...opentelemetry } } });
    const same = sampled({ http: { path: '/t', headers: [{ name: 'k', value: 'v' }] }, dynatraceSampler: { tenant: 't', clusterId: 7 } });
    assert.deepEqual(same?.randomSampling, { value: 100 });
    assert.match(JSON.stringify(same), /"tenant":"t","clusterId":7,.*api\/v2\/samplingConfiguration","cluster":"outbound\|80/);
    const httpService = { service: 'sampling.example.com', port: 443, http: { path: '/s', timeout: '2s' } };
    assert.match(
      JSON.stringify(sampled({ dynatraceSampler: { rootSpansPerMinute: 9, httpService } })),
      /"rootSpansPerMinute":9,.*sampling.example.com\/s","cluster":"outbound\|443\|\|sampling.example.com","timeout":"2s"/,
    );
    assert.equal(sampled({ dynatraceSampler: { tenant: 't' } }), null);
  });
});

describe('without a provider', () => {
  test('the proxy configuration names a Zipkin of the mesh, one outside it, or a Datadog agent', () => {
    const zipkin = (address: string) => ({ defaults: { tracing: { zipkin: { address } } } });
    assert.match(JSON.stringify(tracerOf(zipkin('spans.example.com:80'))), /"cluster":"outbound\|80\|\|spans.example.com"/);
    assert.match(JSON.stringify(tracerOf(zipkin('far.example.com:9411'))), /far.example.com\/api\/v2\/spans","cluster":"zipkin"/);
    assert.match(JSON.stringify(tracerOf({ defaults: { tracing: { datadog: { address: 'dd:8126' } } } })), /"datadog_agent"/);
    assert.equal(traced({ ...zipkin('far.example.com:9411'), meshConfig: { enableTracing: false } }), null);
  });

  test('and proxies get the cluster that leads there', () => {
    const tracingOf = (settings: ProxyConfigSettings['tracing']) => {
      const { clusters } = snapshotOf(collector, {}, { defaultConfig: { ...(settings ? { tracing: settings } : {}) } });
      return clusters.find(({ name }) => name === 'zipkin');
    };
    assert.match(
      JSON.stringify(tracingOf({ zipkin: { address: 'far.example.com:9411' } })),
      /"address":"far.example.com","portValue":9411/,
    );
    assert.equal(tracingOf({ zipkin: { address: 'spans.example.com:80' } }), undefined);
    const secured = tracingOf({ zipkin: { address: 'spans.example.com:80' }, tlsSettings: { mode: 'SIMPLE', sni: 'x' } });
    assert.match(JSON.stringify(secured?.transportSocket), /"sni":"x"/);
  });

  test('its sampling counts from 1 to 100, its own configuration before that of the mesh', () => {
    const sampling = (percent: number, own?: number) =>
      traced({
        defaults: { tracing: { zipkin: { address: 'z:1' }, sampling: percent } },
        ...(own === undefined
          ? {}
          : { client: { metadata: { PROXY_CONFIG: { tracing: { zipkin: { address: 'z:1' }, sampling: own } } } } }),
      })?.randomSampling;
    assert.deepEqual(
      [sampling(40), sampling(0), sampling(400), sampling(40, 60)],
      [{ value: 40 }, { value: 1 }, { value: 1 }, { value: 60 }],
    );
  });

  test('Telemetry that names none switches tracing off', () => {
    const yaml = `
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: { name: all, namespace: istio-system }
spec: { tracing: [{ randomSamplingPercentage: 10 }] }
`;
    assert.equal(traced({ yaml, defaults: { tracing: { zipkin: { address: 'z:1' } } } }), null);
  });
});

test('spans tell of the workload and of policies that are tried out, unless that is switched off', () => {
  const names = (setup: Setup) => traced(setup)?.customTags?.map(({ tag }) => tag);
  assert.deepEqual(names({ provider: { zipkin: at } }), [
    'istio.authorization.dry_run.allow_policy.name',
    'istio.authorization.dry_run.allow_policy.result',
    'istio.authorization.dry_run.deny_policy.name',
    'istio.authorization.dry_run.deny_policy.result',
    'istio.canonical_revision',
    'istio.canonical_service',
    'istio.cluster_id',
    'istio.mesh_id',
    'istio.namespace',
  ]);
  const own = { customTags: { mine: { literal: { value: 'x' } } }, enableIstioTags: false };
  assert.deepEqual(names({ provider: { zipkin: at }, defaults: { tracing: own } }), ['mine']);
});
