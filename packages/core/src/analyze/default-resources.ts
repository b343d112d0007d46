import type { MeshConfig } from '../resource/mesh-config.ts';
import type { Resource } from '../resource/resource.ts';

/**
 * What every installation has and files seldom show: an ingress gateway. Added as `istioctl analyze` does, unless the mesh configuration turns ingress
 * off; resources of the same name that are given take their place.
 */
export function defaultResources(meshConfig: MeshConfig, namespace: string): readonly Resource[] {
  if (meshConfig.ingressControllerMode === 'OFF') return [];
  const name = meshConfig.ingressService || 'istio-ingressgateway';
  const pod = { spec: { containers: [{ name: 'istio-proxy' }] } };
  const service = {
    spec: {
      selector: { istio: 'ingressgateway' },
      ports: [
        { name: 'http2', port: 80, protocol: 'TCP', targetPort: 80, nodePort: 31380 },
        { name: 'https', port: 443, protocol: 'TCP', targetPort: 443, nodePort: 31390 },
        { name: 'tcp', port: 31400, protocol: 'TCP', targetPort: 31400, nodePort: 31400 },
        { name: 'tls', port: 15443, protocol: 'TCP', targetPort: 15443, nodePort: 31447 },
      ],
    },
  };
  return [
    resource('Pod', namespace, `${name}-dummypod`, { istio: 'ingressgateway' }, pod.spec),
    resource('Service', namespace, name, {}, service.spec),
  ];
}

function resource(kind: string, namespace: string, name: string, labels: Readonly<Record<string, string>>, spec: object): Resource {
  return {
    ref: { group: '', version: 'v1', kind, namespace, name },
    labels,
    annotations: {},
    createdAt: null,
    spec,
    raw: { apiVersion: 'v1', kind, metadata: { name, namespace, labels }, spec },
    source: { file: '', line: 1, text: '' },
  };
}
