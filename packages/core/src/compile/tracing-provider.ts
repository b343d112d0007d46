import type { DatadogConfigJson } from '@weft/envoy-api/envoy/config/trace/v3/datadog_pb';
import type { Tracing_HttpJson } from '@weft/envoy-api/envoy/config/trace/v3/http_tracer_pb';
import type { OpenTelemetryConfigJson } from '@weft/envoy-api/envoy/config/trace/v3/opentelemetry_pb';
import type { SkyWalkingConfigJson } from '@weft/envoy-api/envoy/config/trace/v3/skywalking_pb';
import type { ZipkinConfigJson } from '@weft/envoy-api/envoy/config/trace/v3/zipkin_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { ExtensionProvider } from '../resource/extension-provider.ts';
import { type ExternalService, externalService } from './external-service.ts';
import { headerValue, httpService } from './http-collector.ts';
import { mayHaveExtension } from './listener-class.ts';
import { openTelemetryResource } from './otel-resource.ts';
import { otelSampler } from './otel-sampler.ts';
import { protoDuration } from './proto-duration.ts';
import { isOlderThan } from './proxy-version.ts';
import { typedConfig } from './typed-config.ts';

/** Where spans go, and whether which of them are kept is decided there. */
export interface Tracer {
  readonly provider: Tracing_HttpJson;
  readonly samples: boolean;
}

type ServiceOf<K extends keyof ExtensionProvider> = NonNullable<ExtensionProvider[K]>;

/** The tracer of a provider; null when its service is not known, or when the proxy has no such tracer. */
export function providerTracer(view: ProxyView, { zipkin, datadog, skywalking, opentelemetry }: ExtensionProvider): Tracer | null {
  const written = zipkin ?? datadog ?? skywalking ?? opentelemetry;
  const service = externalService(view, written?.service, written?.port);
  if (service === null) return null;
  if (zipkin) return zipkinTracer(view, zipkin, service);
  if (datadog) return datadogTracer(view, { collectorCluster: service.cluster, collectorHostname: service.hostname });
  if (skywalking) return skyWalkingTracer(view, skywalking, service);
  return opentelemetry ? openTelemetryTracer(view, opentelemetry, service) : null;
}

/** Zipkin at a cluster. Proxies before Istio 1.29 read the address only in its old form, without timeout and headers. */
export function zipkinTracer(
  view: ProxyView,
  settings: Omit<ServiceOf<'zipkin'>, 'service' | 'port'>,
  { cluster, hostname }: ExternalService,
): Tracer {
  const path = settings.path || '/api/v2/spans';
  const collector: ZipkinConfigJson = isOlderThan(view, 1, 29)
    ? { collectorCluster: cluster, collectorEndpoint: path, collectorHostname: hostname }
    : { collectorService: httpService({ hostname, cluster, defaultTimeout: '5s' }, { ...settings, path }) };
  const config: ZipkinConfigJson = {
    ...collector,
    ...(!settings.enable64bitTraceId && { traceId128bit: true }),
    sharedSpanContext: false,
    collectorEndpointVersion: 'HTTP_JSON',
    ...(settings.traceContextOption === 'USE_B3_WITH_W3C_PROPAGATION' &&
      !isOlderThan(view, 1, 28) && { traceContextOption: 'USE_B3_WITH_W3C_PROPAGATION' }),
  };
  return {
    provider: { name: 'envoy.tracers.zipkin', typedConfig: typedConfig('envoy.config.trace.v3.ZipkinConfig', config) },
    samples: false,
  };
}

/** Datadog at a cluster, for proxies that have its tracer. */
export function datadogTracer(
  view: ProxyView,
  collector: Pick<DatadogConfigJson, 'collectorCluster' | 'collectorHostname'>,
): Tracer | null {
  const name = 'envoy.tracers.datadog';
  if (!mayHaveExtension(view, name)) return null;
  const config: DatadogConfigJson = { ...collector, serviceName: serviceName(view) };
  return { provider: { name, typedConfig: typedConfig('envoy.config.trace.v3.DatadogConfig', config) }, samples: false };
}

function skyWalkingTracer(view: ProxyView, { accessToken }: ServiceOf<'skywalking'>, service: ExternalService): Tracer | null {
  const name = 'envoy.tracers.skywalking';
  if (!mayHaveExtension(view, name)) return null;
  const config: SkyWalkingConfigJson = {
    grpcService: { envoyGrpc: { clusterName: service.cluster, authority: service.hostname } },
    ...(accessToken ? { clientConfig: { backendToken: accessToken } } : {}),
  };
  return { provider: { name, typedConfig: typedConfig('envoy.config.trace.v3.SkyWalkingConfig', config) }, samples: false };
}

function openTelemetryTracer(view: ProxyView, settings: ServiceOf<'opentelemetry'>, service: ExternalService): Tracer | null {
  const { http, grpc } = settings;
  const initialMetadata = (grpc?.initialMetadata ?? []).map(headerValue);
  const grpcService = {
    envoyGrpc: { clusterName: service.cluster, authority: service.hostname },
    ...(grpc?.timeout && { timeout: protoDuration(grpc.timeout, '10s') }),
    ...(initialMetadata.length > 0 && { initialMetadata }),
  };
  const sampler = otelSampler(view, settings, service);
  if (sampler === 'unreachable') return null;
  const resource = openTelemetryResource(view, settings, serviceName(view));
  const config: OpenTelemetryConfigJson = {
    ...(http ? { httpService: httpService({ ...service, defaultTimeout: '10s' }, { path: '/v1/traces', ...http }) } : { grpcService }),
    serviceName: resource.serviceName,
    ...(resource.detectors.length > 0 ? { resourceDetectors: [...resource.detectors] } : {}),
    ...(sampler ? { sampler } : {}),
  };
  const provider = { name: 'envoy.tracers.opentelemetry', typedConfig: typedConfig('envoy.config.trace.v3.OpenTelemetryConfig', config) };
  return { provider, samples: sampler !== null };
}

/** Spans name the proxy that made them. */
function serviceName({ node }: ProxyView): string {
  return node.serviceCluster || `${node.labels.app ?? node.labels['service.istio.io/canonical-name'] ?? 'istio-proxy'}.${node.namespace}`;
}
