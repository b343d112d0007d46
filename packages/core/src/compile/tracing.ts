import type { Tracing_HttpJson } from '@weft/envoy-api/envoy/config/trace/v3/http_tracer_pb';
import type { OpenTelemetryConfigJson } from '@weft/envoy-api/envoy/config/trace/v3/opentelemetry_pb';
import type { ZipkinConfigJson } from '@weft/envoy-api/envoy/config/trace/v3/zipkin_pb';
import type { HttpConnectionManager_TracingJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { CustomTagJson } from '@weft/envoy-api/envoy/type/tracing/v3/custom_tag_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { TracingSetting } from '../mesh/workload-telemetry.ts';
import type { ExtensionProvider } from '../resource/mesh-config.ts';
import { externalService } from './external-service.ts';
import { classTelemetry, type ListenerClass } from './listener-class.ts';
import { protoDuration } from './proto-duration.ts';
import { typedConfig } from './typed-config.ts';

/** Tracing of a connection manager, or null when spans go nowhere. */
export function tracing(view: ProxyView, listenerClass: ListenerClass): HttpConnectionManager_TracingJson | null {
  const setting = classTelemetry(view, listenerClass).tracing;
  const named = setting.provider ?? meshTracer(view);
  if (named === null || setting.isDisabled) return null;
  const provider = tracer(view, named);
  if (provider === null) return null;
  const { maxPathTagLength } = view.settings.meshConfig.defaultConfig.tracing ?? {};
  const maxTagLength = maxTagLengthOf(named) ?? maxPathTagLength;
  return {
    clientSampling: { value: 100 },
    randomSampling: setting.samplingPercent === 0 ? {} : { value: setting.samplingPercent },
    overallSampling: { value: 100 },
    ...(maxTagLength && { maxPathTagLength: maxTagLength }),
    customTags: [...customTags(setting), ...(setting.hasIstioTags ? workloadTags(view) : [])].sort((a, b) =>
      (a.tag ?? '') < (b.tag ?? '') ? -1 : 1,
    ),
    provider,
    ...(!setting.propagatesContext && { noContextPropagation: true }),
  };
}

/** The Zipkin of the proxy configuration, where no provider is named; `name.namespace` stands for a service. */
function meshTracer(view: ProxyView): ExtensionProvider | null {
  const address = view.settings.meshConfig.defaultConfig.tracing?.zipkin?.address ?? '';
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(address) ?? [];
  if (host === '') return null;
  const service = /^[^.]+\.[^.]+$/.test(host) ? `${host}.svc.${view.settings.domain}` : host;
  return { name: 'zipkin', zipkin: { service, port: Number(port) } };
}

function tracer(view: ProxyView, provider: ExtensionProvider): Tracing_HttpJson | null {
  if (provider.zipkin) {
    const service = externalService(view, provider.zipkin.service, provider.zipkin.port);
    if (service === null) return null;
    const config: ZipkinConfigJson = {
      collectorCluster: service.cluster,
      collectorEndpoint: provider.zipkin.path || '/api/v2/spans',
      ...(!provider.zipkin.enable64bitTraceId && { traceId128bit: true }),
      sharedSpanContext: false,
      collectorEndpointVersion: 'HTTP_JSON',
      collectorHostname: service.hostname,
      ...(provider.zipkin.traceContextOption === 'USE_B3_WITH_W3C_PROPAGATION' && { traceContextOption: 'USE_B3_WITH_W3C_PROPAGATION' }),
    };
    return { name: 'envoy.tracers.zipkin', typedConfig: typedConfig('envoy.config.trace.v3.ZipkinConfig', config) };
  }
  return provider.opentelemetry ? openTelemetry(view, provider) : null;
}

function openTelemetry(view: ProxyView, provider: ExtensionProvider): Tracing_HttpJson | null {
  const settings = provider.opentelemetry;
  const service = externalService(view, settings?.service, settings?.port);
  if (service === null) return null;
  const http = settings?.http as
    | { readonly path?: string; readonly timeout?: string; readonly headers?: readonly WrittenHeader[] }
    | undefined;
  const grpc = settings?.grpc as { readonly timeout?: string; readonly initialMetadata?: readonly WrittenHeader[] } | undefined;
  const initialMetadata = headerValues(grpc?.initialMetadata);
  const grpcService = {
    envoyGrpc: { clusterName: service.cluster, authority: service.hostname },
    ...(grpc?.timeout && { timeout: protoDuration(grpc.timeout, '10s') }),
    ...(initialMetadata.length > 0 && { initialMetadata }),
  };
  const requestHeadersToAdd = headerValues(http?.headers).map((header) => ({
    header,
    appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' as const,
  }));
  const path = http?.path ?? '/v1/traces';
  const httpUri = { uri: `http://${service.hostname}${path}`, cluster: service.cluster, timeout: protoDuration(http?.timeout, '10s') };
  const config: OpenTelemetryConfigJson = {
    ...(http ? { httpService: { httpUri, ...(requestHeadersToAdd.length > 0 && { requestHeadersToAdd }) } } : { grpcService }),
    serviceName: `${view.node.labels.app ?? view.node.labels['service.istio.io/canonical-name'] ?? 'istio-proxy'}.${view.node.namespace}`,
  };
  return { name: 'envoy.tracers.opentelemetry', typedConfig: typedConfig('envoy.config.trace.v3.OpenTelemetryConfig', config) };
}

interface WrittenHeader {
  readonly name?: string;
  readonly value?: string;
  readonly envName?: string;
}

/** Headers with values as written, or from the proxy's environment. */
function headerValues(headers: readonly WrittenHeader[] | undefined): { key: string; value: string }[] {
  return (headers ?? []).map(({ name = '', value, envName }) => ({
    key: name,
    value: envName ? `%ENVIRONMENT(${envName})%` : (value ?? ''),
  }));
}

function maxTagLengthOf(provider: ExtensionProvider): number | undefined {
  return provider.zipkin?.maxTagLength ?? provider.opentelemetry?.maxTagLength;
}

function customTags(setting: TracingSetting): CustomTagJson[] {
  return Object.entries(setting.customTags).flatMap(([tag, spec]): CustomTagJson[] => {
    if (spec?.literal) return [{ tag, literal: { value: spec.literal.value ?? '' } }];
    if (spec?.header) return [{ tag, requestHeader: { name: spec.header.name ?? '', ...defaultValue(spec.header) } }];
    if (spec?.environment) return [{ tag, environment: { name: spec.environment.name ?? '', ...defaultValue(spec.environment) } }];
    if (spec?.formatter) return [{ tag, value: spec.formatter.value ?? '' }];
    return [];
  });
}

function defaultValue(spec: { readonly defaultValue?: string }): { defaultValue?: string } {
  return spec.defaultValue ? { defaultValue: spec.defaultValue } : {};
}

/** What Istio puts on every span about the workload itself. */
function workloadTags(view: ProxyView): CustomTagJson[] {
  const { labels, namespace } = view.node;
  const service = labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels.app ?? 'unknown';
  const revision = labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version'] ?? labels.version ?? 'latest';
  const values = {
    'istio.canonical_revision': revision,
    'istio.canonical_service': service,
    'istio.mesh_id': String(
      view.node.metadata.MESH_ID ?? view.settings.meshConfig.defaultConfig.meshId ?? view.settings.meshConfig.trustDomain,
    ),
    'istio.namespace': namespace,
  };
  return Object.entries(values).map(([tag, value]) => ({ tag, literal: { value } }));
}
