import type { SubjectAltNameMatcherJson } from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import type { SdsSecretConfigJson } from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/secret_pb';

/** A secret of the workload itself (`default`, `ROOTCA`, files), given by the agent beside the proxy. */
export function workloadSecret(name: string): SdsSecretConfigJson {
  return {
    name,
    sdsConfig: {
      apiConfigSource: {
        apiType: 'GRPC',
        transportApiVersion: 'V3',
        grpcServices: [{ envoyGrpc: { clusterName: 'sds-grpc' } }],
        setNodeOnFirstMessageOnly: true,
      },
      initialFetchTimeout: '0s',
      resourceApiVersion: 'V3',
    },
  };
}

/** A credential by its resource name (`kubernetes://name`), given by the control plane. */
export function credentialSecret(name: string): SdsSecretConfigJson {
  return { name, sdsConfig: { ads: {}, resourceApiVersion: 'V3' } };
}

/** The resource name of a credential: names without a scheme are Kubernetes secrets. */
export function credentialUri(name: string): string {
  return name.includes('://') ? name : `kubernetes://${name}`;
}

/** Matchers of exact subject alternative names: URIs for SPIFFE identities, DNS names for the rest. */
export function exactNames(names: readonly string[]): SubjectAltNameMatcherJson[] {
  return names.map((name) => ({ sanType: name.includes('://') ? 'URI' : 'DNS', matcher: { exact: name } }));
}
