import type { ResourceSet } from '@weft/core/resource/kinds';
import type { ConfigMap } from '@weft/core/resource/kubernetes-types';
import { locate } from '@weft/core/resource/locate';
import { defaultMeshConfig, defaultMeshNetworks, type MeshConfig, type MeshNetworks } from '@weft/core/resource/mesh-config';
import { loadYaml } from '@weft/core/resource/yaml';
import type { Finding } from '../api/types.ts';
import { withTrafficRecords } from './built-in.ts';
import { resourceId } from './resource-id.ts';

export interface MeshConfiguration {
  readonly meshConfig: MeshConfig;
  readonly meshNetworks: MeshNetworks;
  readonly findings: readonly Finding[];
}

/** The mesh's settings from the ConfigMap `istio` in `istio-system`, as Istio keeps them; what is not written has Istio's default. */
export function readMeshConfiguration(set: ResourceSet, sendsTrafficRecords: boolean): MeshConfiguration {
  const findings: Finding[] = [];
  const map = set.get('ConfigMap', 'istio-system', 'istio');
  const written = map ? readKey(map, 'mesh', findings) : {};
  const networks = map ? readKey(map, 'meshNetworks', findings) : {};
  const meshConfig: MeshConfig = {
    ...defaultMeshConfig,
    ...written,
    defaultConfig: { ...defaultMeshConfig.defaultConfig, ...(written.defaultConfig as object | undefined) },
  };
  return {
    meshConfig: sendsTrafficRecords ? withTrafficRecords(meshConfig) : meshConfig,
    meshNetworks: { ...defaultMeshNetworks, ...networks },
    findings,
  };
}

function readKey(map: ConfigMap, key: string, findings: Finding[]): Readonly<Record<string, unknown>> {
  const text = map.raw.data?.[key];
  if (text === undefined) return {};
  const loaded = loadYaml(text);
  if (loaded.ok && typeof loaded.value === 'object' && loaded.value !== null) return loaded.value as Readonly<Record<string, unknown>>;
  if (loaded.ok && loaded.value === null) return {};
  const message = loaded.ok ? `data.${key}: expected a mapping` : `data.${key}: not valid YAML: ${loaded.error.message}`;
  findings.push({
    code: 'WFT0002',
    level: 'Error',
    source: 'validate',
    origin: `ConfigMap ${map.ref.namespace}/${map.ref.name}`,
    resourceId: resourceId(map.ref),
    message,
    path: `data.${key}`,
    ...locate(map.source, `data.${key}`),
    documentationUrl: null,
  });
  return {};
}
