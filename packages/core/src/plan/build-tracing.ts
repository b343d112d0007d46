import type { HttpConnectionManager_TracingJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { CustomTagJson } from '@weft/envoy-api/envoy/type/tracing/v3/custom_tag_pb';
import { buildTracingProvider } from './build-tracing-provider.ts';
import { parseFormat } from './format.ts';
import type { Fraction } from './matcher.ts';
import type { CustomTagPlan, TracingPlan } from './tracing-plan.ts';

/** Compiles the tracing of a connection manager. */
export function buildTracing(json: HttpConnectionManager_TracingJson): TracingPlan {
  const sampling = (percent: { readonly value?: number | string } | undefined): Fraction | null =>
    percent ? { perMillion: Math.round(Number(percent.value ?? 0) * 10_000), runtimeKey: null } : null;
  return {
    client: sampling(json.clientSampling),
    random: sampling(json.randomSampling),
    overall: sampling(json.overallSampling),
    customTags: buildCustomTags(json.customTags ?? []),
    provider: json.provider ? buildTracingProvider(json.provider.typedConfig) : null,
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
