import { childPath } from '../../resource/field-path.ts';
import type { Resource } from '../../resource/resource.ts';
import type { SetAnalyzer } from '../analyzer.ts';
import { object, objects } from '../fields.ts';
import { absence, fact } from '../proof.ts';

const builtIn = ['Mock', 'Kubernetes', 'External'];

/** Networks whose endpoints come from a registry that nobody knows. */
export const meshNetworksAnalyzer: SetAnalyzer = {
  name: 'meshnetworks.MeshNetworksAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze({ set, meshNetworks, report }) {
    const remote = set.ofKind('Secret').filter((secret) => secret.labels['istio/multiCluster'] === 'true');
    const known = new Set([
      ...builtIn,
      ...remote.flatMap((secret) => Object.keys({ ...object(secret.raw.data), ...object(secret.raw.stringData) })),
    ]);
    for (const [name, network] of Object.entries(object(meshNetworks.networks))) {
      for (const [index, endpoint] of objects(object(network).endpoints)) {
        const registry = endpoint.fromRegistry;
        if (typeof registry !== 'string' || known.has(registry)) continue;
        const path = `${childPath('networks', name)}.endpoints[${index}].fromRegistry`;
        report({
          type: 'UnknownMeshNetworksServiceRegistry',
          resource: meshNetworksResource,
          path,
          identity: `${registry} ${name}`,
          message: `Network ${name} takes endpoints from registry ${registry}, but no cluster of that name is known. Correct the name, or add the cluster's secret.`,
          proof: [
            fact(meshNetworksResource, path, `is ${registry}`),
            absence(`no Secret labelled istio/multiCluster has a key ${registry}`),
          ],
        });
      }
    }
  },
};

/** MeshNetworks is no resource of the set; messages about it bear the name that Istio gives it. */
const meshNetworksResource: Resource = {
  ref: { group: '', version: 'v1alpha1', kind: 'MeshNetworks', namespace: 'istio-system', name: 'meshnetworks' },
  labels: {},
  annotations: {},
  createdAt: null,
  spec: {},
  raw: {},
  source: { file: '', line: 1, text: '' },
};
