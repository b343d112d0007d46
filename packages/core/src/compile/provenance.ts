import type { MetadataJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { ResourceRef } from '../resource/resource.ts';

/** Metadata that says which resource, and which place in it, something was made from. Istio's own key carries the resource. */
export function provenance(ref: ResourceRef, path: string | null, istio: Readonly<Record<string, string | boolean>> = {}): MetadataJson {
  return {
    filterMetadata: {
      istio: { ...istio, config: configPath(ref) },
      ...(path ? { weft: { path } } : {}),
    },
  };
}

/** `/apis/networking.istio.io/v1/namespaces/ns/virtual-service/name`. */
export function configPath(ref: ResourceRef): string {
  const kind = ref.kind.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
  return `/apis/${ref.group}/${ref.version}/namespaces/${ref.namespace}/${kind}/${ref.name}`;
}
