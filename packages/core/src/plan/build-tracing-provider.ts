import type { TypedExtensionConfigJson } from '@weft/envoy-api/envoy/config/core/v3/extension_pb';
import type { HttpServiceJson } from '@weft/envoy-api/envoy/config/core/v3/http_service_pb';
import type { OpenTelemetryConfigJson } from '@weft/envoy-api/envoy/config/trace/v3/opentelemetry_pb';
import type { ZipkinConfigJson } from '@weft/envoy-api/envoy/config/trace/v3/zipkin_pb';
import { buildGrpcService } from './build-grpc-service.ts';
import { durationMs, messageName } from './read.ts';
import type { HttpCollectorPlan, ResourceDetectorPlan, TracingProviderPlan } from './tracing-plan.ts';

const zipkinTimeoutMs = 5000;
const otlpTimeoutMs = 10_000;

/** Compiles where spans go. */
export function buildTracingProvider(any: unknown): TracingProviderPlan {
  const { '@type': typeUrl = '', ...config } = (any ?? {}) as Readonly<Record<string, unknown>> & { readonly '@type'?: string };
  switch (messageName(typeUrl)) {
    case 'envoy.config.trace.v3.ZipkinConfig':
      return buildZipkin(config);
    case 'envoy.config.trace.v3.OpenTelemetryConfig':
      return buildOpenTelemetry(config);
    default:
      return { kind: 'unsupported', typeUrl };
  }
}

function buildZipkin(json: ZipkinConfigJson): TracingProviderPlan {
  const { collectorService, collectorCluster: cluster = '', collectorEndpoint: path = '', collectorHostname } = json;
  return {
    kind: 'zipkin',
    collector: collectorService
      ? buildCollector(collectorService, zipkinTimeoutMs)
      : { cluster, authority: collectorHostname || cluster, path, timeoutMs: zipkinTimeoutMs, headers: [] },
    traceId128: json.traceId128bit === true,
    sharedSpanContext: json.sharedSpanContext !== false,
    w3c: json.traceContextOption === 'USE_B3_WITH_W3C_PROPAGATION',
  };
}

function buildOpenTelemetry({ grpcService, httpService, serviceName, resourceDetectors }: OpenTelemetryConfigJson): TracingProviderPlan {
  return {
    kind: 'openTelemetry',
    grpc: grpcService ? buildGrpcService(grpcService, 0) : null,
    http: httpService ? buildCollector(httpService, otlpTimeoutMs) : null,
    serviceName: serviceName || 'unknown_service:envoy',
    resource: (resourceDetectors ?? []).flatMap(buildDetector),
  };
}

/** `scheme://host/path`; without a scheme a Zipkin collector's is a path, and then the cluster stands for the host. */
function buildCollector({ httpUri, requestHeadersToAdd }: HttpServiceJson, defaultTimeoutMs: number): HttpCollectorPlan {
  const { cluster = '', uri = '', timeout } = httpUri ?? {};
  const [, authority = '', path = ''] = /^(?:[a-z]+:\/\/)?([^/]*)(.*)$/.exec(uri) ?? [];
  return {
    cluster,
    authority: authority || cluster,
    path: path || '/',
    timeoutMs: durationMs(timeout, 0) || defaultTimeoutMs,
    headers: (requestHeadersToAdd ?? []).map(({ header }) => [(header?.key ?? '').toLowerCase(), header?.value ?? ''] as const),
  };
}

/** Dynatrace's looks for files of its own agent, which are not looked for here. */
function buildDetector({ typedConfig }: TypedExtensionConfigJson): ResourceDetectorPlan[] {
  const config = (typedConfig ?? {}) as { readonly '@type'?: string; readonly attributes?: Readonly<Record<string, string>> };
  const name = messageName(config['@type']);
  if (name.endsWith('.EnvironmentResourceDetectorConfig')) return [{ kind: 'environment' }];
  return name.endsWith('.StaticConfigResourceDetectorConfig')
    ? [{ kind: 'static', attributes: Object.entries(config.attributes ?? {}) }]
    : [];
}
