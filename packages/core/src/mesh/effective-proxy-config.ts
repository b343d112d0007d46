import { selectsLabels } from '../base/labels.ts';
import type { ProxyConfig } from '../resource/kinds.ts';
import type { MeshConfig } from '../resource/mesh-config.ts';
import type { ProxyConfigSettings } from '../resource/proxy-config.ts';
import { compareAge } from '../resource/resource-set.ts';
import { loadYaml } from '../resource/yaml.ts';

/** A workload as ProxyConfigs select it. */
export interface ConfiguredWorkload {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What its annotation `proxy.istio.io/config` says; null without one. */
  readonly own: ProxyConfigSettings | null;
}

/**
 * The proxy configuration of a workload: the mesh's, over it the ProxyConfig of the root namespace, that of the workload's namespace, the oldest of that
 * namespace that selects it, and its own annotation. Environment variables and metadata add up, everything else is replaced.
 */
export function effectiveProxyConfig(
  configs: readonly ProxyConfig[],
  { defaultConfig, rootNamespace }: Pick<MeshConfig, 'defaultConfig' | 'rootNamespace'>,
  workload: ConfiguredWorkload,
): ProxyConfigSettings {
  const sorted = [...configs].sort(compareAge);
  const selectorOf = ({ spec }: ProxyConfig) => spec?.selector?.matchLabels ?? {};
  const wide = (namespace: string) =>
    sorted.find((config) => config.ref.namespace === namespace && Object.keys(selectorOf(config)).length === 0);
  const selecting = sorted.find(
    (config) =>
      config.ref.namespace === workload.namespace &&
      Object.keys(selectorOf(config)).length > 0 &&
      selectsLabels(selectorOf(config), workload.labels),
  );
  const resources = [wide(rootNamespace), workload.namespace === rootNamespace ? undefined : wide(workload.namespace), selecting];
  const layers = [...resources.flatMap((config) => (config ? [settingsOf(config)] : [])), ...(workload.own ? [workload.own] : [])];
  return layers.reduce((base, layer) => over(base, layer), defaultConfig);
}

/** What the annotation `proxy.istio.io/config` says; null without one, and for one that is no mapping. */
export function annotatedProxyConfig(annotations: Readonly<Record<string, string>>): ProxyConfigSettings | null {
  const loaded = loadYaml(annotations['proxy.istio.io/config'] ?? '');
  if (!loaded.ok || typeof loaded.value !== 'object' || Array.isArray(loaded.value)) return null;
  return loaded.value as ProxyConfigSettings | null;
}

function settingsOf({ spec }: ProxyConfig): ProxyConfigSettings {
  const { concurrency, environmentVariables, image } = spec ?? {};
  return {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(environmentVariables ? { proxyMetadata: environmentVariables } : {}),
    ...(image?.imageType ? { image: { imageType: image.imageType } } : {}),
  };
}

function over(base: ProxyConfigSettings, layer: ProxyConfigSettings): ProxyConfigSettings {
  const proxyMetadata = { ...base.proxyMetadata, ...layer.proxyMetadata };
  return { ...base, ...layer, ...(Object.keys(proxyMetadata).length > 0 ? { proxyMetadata } : {}) };
}
