import { documentationUrl, messageTypes } from '@weft/core/analyze/message-types';
import { formatRef } from '@weft/core/base/refs';
import { readMeshSources } from '@weft/core/resource/installation';
import type { ResourceSet } from '@weft/core/resource/kinds';
import { locate } from '@weft/core/resource/locate';
import type { MeshConfig, MeshNetworks } from '@weft/core/resource/mesh-config';
import { withProviderEnvironment } from '@weft/core/resource/provider-environment';
import type { Finding } from '../api/types.ts';
import { withTrafficRecords } from './built-in.ts';
import { resourceId } from './resource-id.ts';

export interface MeshConfiguration {
  readonly meshConfig: MeshConfig;
  readonly meshNetworks: MeshNetworks;
  readonly clusterId: string;
  readonly findings: readonly Finding[];
}

/** The mesh's settings from where Istio keeps them: the ConfigMap `istio` in `istio-system`, an IstioOperator, and Istio's defaults. */
export function readMeshConfiguration(set: ResourceSet, sendsTrafficRecords: boolean): MeshConfiguration {
  const { meshConfig: written, meshNetworks, clusterId, problems } = readMeshSources(set);
  const meshConfig = withProviderEnvironment(written, process.env);
  const findings = problems.map(({ ref, path, message }): Finding => {
    const source = set.all.find((resource) => resource.ref === ref)?.source;
    return {
      code: messageTypes.UnreadableMeshSettings.code,
      level: messageTypes.UnreadableMeshSettings.level,
      source: 'validate',
      origin: formatRef(ref),
      resourceId: resourceId(ref),
      message: `${path}: ${message}`,
      path,
      ...(source ? locate(source, path) : { file: '', line: 0, column: 0 }),
      documentationUrl: documentationUrl('UnreadableMeshSettings'),
    };
  });
  return { meshConfig: sendsTrafficRecords ? withTrafficRecords(meshConfig) : meshConfig, meshNetworks, clusterId, findings };
}
