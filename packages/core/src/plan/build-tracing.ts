import type { HttpConnectionManager_TracingJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { CustomTagJson } from '@weft/envoy-api/envoy/type/tracing/v3/custom_tag_pb';
import { buildGrpcService } from './build-grpc-service.ts';
import { parseFormat } from './format.ts';
import type { Fraction } from './matcher.ts';
import { durationMs, messageName } from './read.ts';
import type { CustomTagPlan, TracingPlan, TracingProviderPlan } from './tracing-plan.ts';

/** Compiles the tracing of a connection manager. */
export function buildTracing(json: HttpConnectionManager_TracingJson): TracingPlan {
  const sampling = (percent: { readonly value?: number | string } | undefined): Fraction | null =>
    percent ? { perMillion: Math.round(Number(percent.value ?? 0) * 10_000), runtimeKey: null } : null;
  return {
    client: sampling(json.clientSampling),
    random: sampling(json.randomSampling),
    overall: sampling(json.overallSampling),
    customTags: buildCustomTags(json.customTags ?? []),
    provider: json.provider ? buildProvider(json.provider.typedConfig) : null,
    verbose: json.verbose ?? false,
    maxPathTagLength: json.maxPathTagLength ?? 256,
    spawnUpstreamSpan: json.spawnUpstreamSpan ?? false,
    propagates: json.noContextPropagation !== true,
  };
}

/** Compiles custom tags, of a connection manager or of a route. */
export function buildCustomTags(tags: readonly CustomTagJson[]): CustomTagPlan[] {
  return tags.flatMap((json): CustomTagPlan[] => {
    const name = json.tag ?? '';
    if (json.literal) return [{ name, kind: 'fixed', value: json.literal.value ?? '' }];
    if (json.environment)
      return [{ name, kind: 'environment', variable: json.environment.name ?? '', fallback: json.environment.defaultValue ?? '' }];
    if (json.requestHeader) {
      const { name: header = '', defaultValue = '' } = json.requestHeader;
      return [{ name, kind: 'header', header: header.toLowerCase(), fallback: defaultValue }];
    }
    if (json.value !== undefined) return [{ name, kind: 'format', format: parseFormat(json.value) }];
    return json.metadata ? [metadataTag(name, json.metadata)] : [];
  });
}

function metadataTag(name: string, json: NonNullable<CustomTagJson['metadata']>): CustomTagPlan {
  const { kind = {}, metadataKey, defaultValue = '' } = json;
  const source = kind.route ? 'route' : kind.cluster ? 'cluster' : kind.host ? 'host' : 'request';
  const path = (metadataKey?.path ?? []).map((segment) => segment.key ?? '');
  return { name, kind: 'metadata', source, namespace: metadataKey?.key ?? '', path, fallback: defaultValue };
}

function buildProvider(any: unknown): TracingProviderPlan {
  const { '@type': typeUrl = '', ...config } = (any ?? {}) as Readonly<Record<string, unknown>> & { readonly '@type'?: string };
  switch (messageName(typeUrl)) {
    case 'envoy.config.trace.v3.ZipkinConfig':
      return {
        kind: 'zipkin',
        cluster: String(config.collectorCluster ?? ''),
        endpoint: String(config.collectorEndpoint ?? ''),
        hostname: String(config.collectorHostname || (config.collectorCluster ?? '')),
        traceId128: config.traceId128bit === true,
        sharedSpanContext: config.sharedSpanContext !== false,
        w3c: config.traceContextOption === 'USE_B3_WITH_W3C_PROPAGATION',
      };
    case 'envoy.config.trace.v3.OpenTelemetryConfig': {
      const http = (
        config.httpService as
          | { readonly httpUri?: { readonly cluster?: string; readonly uri?: string; readonly timeout?: string } }
          | undefined
      )?.httpUri;
      return {
        kind: 'openTelemetry',
        grpc: config.grpcService ? buildGrpcService(config.grpcService, 0) : null,
        http: http ? { cluster: http.cluster ?? '', uri: http.uri ?? '', timeoutMs: durationMs(http.timeout, 0) } : null,
        serviceName: String(config.serviceName || 'unknown_service:envoy'),
      };
    }
    default:
      return { kind: 'unsupported', typeUrl };
  }
}
