import type { JsonObject } from '@bufbuild/protobuf';
import type { ProxyConfigSettings } from '@weft/core/resource/proxy-config';
import { localCluster, virtualInboundListener, virtualOutboundListener } from '@weft/core/snapshot/names';
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

/** Istio version whose behaviour the proxies have, as proxies tell it to control planes. */
const istioVersion = '1.29.0';
const capturingListeners = [virtualInboundListener, virtualOutboundListener];
const metadataPrefix = 'ISTIO_META_';

const http2Options: TypedConfig<HttpProtocolOptionsJson> = {
  '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  explicitHttpConfig: { http2ProtocolOptions: {} },
};

/** The bootstrap of a local workload's proxy: who it is, and delta ADS to the agent. */
export function sidecarBootstrap(workload: LocalWorkload, ports: SidecarPorts): BootstrapJson {
  const { name, namespace, type, address, labels } = workload;
  const metadata = istioMetadata(workload.proxyMetadata);
  const isLocalKnown = type === 'sidecar' && metadata.ENABLE_SELF_DISCOVERY === 'true';
  return {
    admin: { address: { socketAddress: { address: '127.0.0.1', portValue: ports.admin } } },
    node: {
      id: `${type}~${address}~${name}.${namespace}~${namespace}.svc.cluster.local`,
      cluster: serviceCluster(workload),
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
        ...metadata,
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
      clusters: [grpcCluster('xds-grpc', ports.xdsHost, ports.xds), ...(isLocalKnown ? [fleetCluster] : [])],
    },
    ...(isLocalKnown ? { clusterManager: { localClusterName: localCluster } } : {}),
    ...runtimeLayers(workload.proxyConfig),
    ...connectionLimit(workload.proxyConfig),
  };
}

/** The proxies that do what this one does, whom it must know to balance by zone. */
const fleetCluster: ClusterJson = {
  name: localCluster,
  type: 'EDS',
  edsClusterConfig: { edsConfig: { ads: {}, initialFetchTimeout: '0s', resourceApiVersion: 'V3' }, serviceName: localCluster },
  connectTimeout: '1s',
};

/** What a proxy calls itself in spans and statistics, as Istio's agent finds it. */
function serviceCluster({ labels, namespace, workloadName, proxyConfig }: LocalWorkload): string {
  const { serviceCluster: given, tracingServiceName } = proxyConfig;
  const canonical = labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels.app ?? workloadName;
  if (tracingServiceName === 'CANONICAL_NAME_ONLY') return canonical;
  if (tracingServiceName === 'CANONICAL_NAME_AND_NAMESPACE') return `${canonical}.${namespace}`;
  if (given && given !== 'istio-proxy') return given;
  return `${labels.app ?? workloadName}.${namespace}`;
}

/** Settings of Envoy's runtime; an empty one takes a default away, and there is none here. */
function runtimeLayers({ runtimeValues, connectionSettings }: ProxyConfigSettings): Pick<BootstrapJson, 'layeredRuntime'> {
  const limit = connectionSettings?.listenerConnectionLimit;
  const limits = limit
    ? capturingListeners.map((name): [string, number] => [`envoy.resource_limits.listener.${name}.connection_limit`, limit])
    : [];
  const written = Object.entries(runtimeValues ?? {}).filter(([, value]) => value !== '');
  const layer = Object.fromEntries([...limits, ...written.map(([key, value]) => [key, runtimeValue(value)] as const)]);
  if (Object.keys(layer).length === 0) return {};
  return {
    layeredRuntime: {
      layers: [
        { name: 'global config', staticLayer: layer },
        { name: 'admin', adminLayer: {} },
      ],
    },
  };
}

function runtimeValue(text: string): string | boolean {
  return text === 'true' || text === 'false' ? text === 'true' : text;
}

function connectionLimit({ connectionSettings }: ProxyConfigSettings): Pick<BootstrapJson, 'overloadManager'> {
  const limit = connectionSettings?.globalDownstreamConnectionLimit;
  if (!limit) return {};
  const typedConfig = {
    '@type': 'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig' as const,
    maxActiveDownstreamConnections: String(limit),
  };
  return { overloadManager: { resourceMonitors: [{ name: 'envoy.resource_monitors.global_downstream_max_connections', typedConfig }] } };
}

/** What proxies of Istio tell of how their workload is known to the control plane. */
function registrationMetadata({ name, registration }: LocalWorkload): JsonObject {
  if (registration === null) return { WORKLOAD_ENTRY: name };
  const { group, readinessProbe } = registration;
  return { AUTO_REGISTER_GROUP: group, ...(readinessProbe ? { PROXY_CONFIG: { readinessProbe: readinessProbe as JsonObject } } : {}) };
}

/** A cluster of one host that speaks gRPC. */
export function grpcCluster(name: string, host: string, port: number): ClusterJson {
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
