import type { CustomTagJson } from '@weft/envoy-api/envoy/type/tracing/v3/custom_tag_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { TracingSetting } from '../mesh/workload-telemetry.ts';
import { tracingConfig } from './proxy-config.ts';

type WrittenTags = TracingSetting['customTags'];

/** The tags that every span has, sorted by name: those of Telemetry, else of the proxy configuration, and Istio's own about the workload. */
export function tracingTags(view: ProxyView, setting: TracingSetting): CustomTagJson[] {
  const own = tracingConfig(view);
  const hasIstioTags = setting.hasIstioTags ?? own.enableIstioTags ?? true;
  const written = Object.keys(setting.customTags).length > 0 ? setting.customTags : ((own.customTags ?? {}) as WrittenTags);
  const tags = [...customTags(written), ...(hasIstioTags ? [...workloadTags(view), ...dryRunTags] : [])];
  return tags.sort((a, b) => ((a.tag ?? '') < (b.tag ?? '') ? -1 : 1));
}

function customTags(written: WrittenTags): CustomTagJson[] {
  return Object.entries(written).flatMap(([tag, spec]): CustomTagJson[] => {
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

function workloadTags(view: ProxyView): CustomTagJson[] {
  const { labels, namespace, cluster, metadata } = view.node;
  const service = labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels.app ?? 'unknown';
  const revision = labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version'] ?? labels.version ?? 'latest';
  const { defaultConfig, trustDomain } = view.settings.meshConfig;
  const values = {
    'istio.canonical_revision': revision,
    'istio.canonical_service': service,
    'istio.cluster_id': cluster || 'unknown',
    'istio.mesh_id': String(metadata.MESH_ID ?? defaultConfig.meshId ?? trustDomain),
    'istio.namespace': namespace,
  };
  return Object.entries(values).map(([tag, value]) => ({ tag, literal: { value } }));
}

/** What policies that are only tried out say of a request; without one there is no metadata, and so no tag. */
const dryRunTags: readonly CustomTagJson[] = ['allow', 'deny'].flatMap((action) => [
  dryRunTag(`${action}_policy.name`, `istio_dry_run_${action}_shadow_effective_policy_id`),
  dryRunTag(`${action}_policy.result`, `istio_dry_run_${action}_shadow_engine_result`),
]);

function dryRunTag(name: string, key: string): CustomTagJson {
  const metadataKey = { key: 'envoy.filters.http.rbac', path: [{ key }] };
  return { tag: `istio.authorization.dry_run.${name}`, metadata: { kind: { request: {} }, metadataKey } };
}
