import type { MeshConfig } from '@weft/core/resource/mesh-config';
import { parseYaml } from '@weft/core/resource/parse';
import type { Resource } from '@weft/core/resource/resource';

/** Name of the access log provider that brings traffic records to the agent. */
const recordsProvider = 'weft-traffic-records';
const service = 'istiod.istio-system.svc.cluster.local';

/** The file that built-in resources say they come from. */
export const builtInFile = 'built-in';

/** The agent as a service of the mesh, so that proxies can send it their access records. */
export function builtInResources(xdsPort: number): readonly Resource[] {
  const text = `apiVersion: v1
kind: Service
metadata: { name: istiod, namespace: istio-system }
spec:
  ports: [{ name: grpc-xds, port: 15010, targetPort: ${xdsPort} }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: istiod, namespace: istio-system, labels: { kubernetes.io/service-name: istiod } }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1] }]
ports: [{ name: grpc-xds, port: ${xdsPort} }]
`;
  return parseYaml(text, builtInFile).resources;
}

/** The mesh's own settings with access records to the agent added to whatever logs are configured. */
export function withTrafficRecords(config: MeshConfig): MeshConfig {
  const provider = {
    name: recordsProvider,
    envoyHttpAls: {
      service,
      port: 15010,
      logName: 'weft',
      additionalRequestHeadersToLog: ['content-type', 'traceparent', 'x-b3-traceid'],
      additionalResponseHeadersToLog: ['grpc-status'],
      additionalResponseTrailersToLog: ['grpc-status'],
    },
  };
  return { ...config, extensionProviders: [...config.extensionProviders, provider] };
}
