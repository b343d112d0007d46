import type { JsonObject } from '@bufbuild/protobuf';
import type { TypedConfig } from '@weft/core/snapshot/snapshot';
import type { BootstrapJson } from '@weft/envoy-api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { HttpProtocolOptionsJson } from '@weft/envoy-api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import type { LocalWorkload } from '../api/config-types.ts';

export interface SidecarPorts {
  readonly admin: number;
  readonly xdsHost: string;
  readonly xds: number;
}

export interface EnvoyPorts extends SidecarPorts {
  readonly sds: number;
  readonly isDelta: boolean;
  readonly token: string;
}

/** Istio version whose behaviour the proxies have, as proxies tell it to control planes. */
const istioVersion = '1.29.0';
const metadataPrefix = 'ISTIO_META_';

const http2Options: TypedConfig<HttpProtocolOptionsJson> = {
  '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  explicitHttpConfig: { http2ProtocolOptions: {} },
};

/** The bootstrap of a local workload's proxy: who it is, and delta ADS to the agent. */
export function sidecarBootstrap(workload: LocalWorkload, ports: SidecarPorts): BootstrapJson {
  const { name, namespace, type, address, labels } = workload;
  const app = labels['service.istio.io/canonical-name'] ?? labels.app ?? workload.workloadName;
  return {
    admin: { address: { socketAddress: { address: '127.0.0.1', portValue: ports.admin } } },
    node: {
      id: `${type}~${address}~${name}.${namespace}~${namespace}.svc.cluster.local`,
      cluster: `${app}.${namespace}`,
      locality: { region: workload.locality.region, zone: workload.locality.zone, subZone: workload.locality.subzone },
      metadata: {
        NAME: name,
        NAMESPACE: namespace,
        LABELS: { ...labels },
        SERVICE_ACCOUNT: workload.serviceAccount,
        WORKLOAD_NAME: workload.workloadName,
        ...registrationMetadata(workload),
        CLUSTER_ID: workload.cluster,
        NETWORK: workload.network,
        INSTANCE_IPS: address,
        INTERCEPTION_MODE: 'NONE',
        ISTIO_VERSION: istioVersion,
        MESH_ID: workload.trustDomain,
        ENVOY_ADMIN_PORT: ports.admin,
        ENVOY_PROMETHEUS_PORT: ports.admin,
        ...istioMetadata(workload.proxyMetadata),
      },
    },
    dynamicResources: {
      ldsConfig: { ads: {}, resourceApiVersion: 'V3' },
      cdsConfig: { ads: {}, resourceApiVersion: 'V3' },
      adsConfig: {
        apiType: 'DELTA_GRPC',
        transportApiVersion: 'V3',
        setNodeOnFirstMessageOnly: true,
        grpcServices: [{ envoyGrpc: { clusterName: 'xds-grpc' } }],
      },
    },
    staticResources: {
      clusters: [grpcCluster('xds-grpc', ports.xdsHost, ports.xds)],
    },
  };
}

/** What proxies of Istio tell of how their workload is known to the control plane. */
function registrationMetadata({ name, registration }: LocalWorkload): JsonObject {
  if (registration === null) return { WORKLOAD_ENTRY: name };
  const { group, readinessProbe } = registration;
  return { AUTO_REGISTER_GROUP: group, ...(readinessProbe ? { PROXY_CONFIG: { readinessProbe: readinessProbe as JsonObject } } : {}) };
}

/** The same for a real Envoy, which knows none of Istio's own filters: secrets come from `sds-grpc`, a token proves who asks. */
export function envoyBootstrap(workload: LocalWorkload, ports: EnvoyPorts): BootstrapJson {
  const bootstrap = sidecarBootstrap(workload, ports);
  const { ISTIO_VERSION: _, ...metadata } = bootstrap.node?.metadata ?? {};
  return {
    ...bootstrap,
    node: { ...bootstrap.node, metadata },
    dynamicResources: {
      ...bootstrap.dynamicResources,
      adsConfig: {
        apiType: ports.isDelta ? 'DELTA_GRPC' : 'GRPC',
        transportApiVersion: 'V3',
        setNodeOnFirstMessageOnly: true,
        grpcServices: [
          { envoyGrpc: { clusterName: 'xds-grpc' }, initialMetadata: [{ key: 'authorization', value: `Bearer ${ports.token}` }] },
        ],
      },
    },
    staticResources: {
      clusters: [...(bootstrap.staticResources?.clusters ?? []), grpcCluster('sds-grpc', '127.0.0.1', ports.sds)],
    },
  };
}

function grpcCluster(name: string, host: string, port: number): ClusterJson {
  return {
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    loadAssignment: {
      clusterName: name,
      endpoints: [{ lbEndpoints: [{ endpoint: { address: { socketAddress: { address: host, portValue: port } } } }] }],
    },
    typedExtensionProtocolOptions: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': http2Options },
  };
}

function istioMetadata(variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(variables)
      .filter(([name]) => name.startsWith(metadataPrefix))
      .map(([name, value]) => [name.slice(metadataPrefix.length), value]),
  );
}
