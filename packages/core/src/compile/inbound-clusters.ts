import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { AddressJson } from '@weft/envoy-api/envoy/config/core/v3/address_pb';
import type { HttpProtocolOptionsJson } from '@weft/envoy-api/envoy/config/core/v3/protocol_pb';
import { isHttp2 } from '../mesh/port-protocol.ts';
import type { ProxyView } from '../mesh/proxy-view.ts';
import { connectionPoolFields, http2Options, meshConnectionPool } from './connection-pool.ts';
import type { InboundPort } from './inbound-port.ts';
import { statName } from './stat-name.ts';
import { typedConfig } from './typed-config.ts';

/** The clusters that lead to the workload: one for each port, and one for ports that nothing declares. */
export function inboundClusters(view: ProxyView, ports: readonly InboundPort[]): readonly ClusterJson[] {
  const clusters = ports.map((port) => portCluster(view, port));
  return view.node.interceptionMode === 'NONE' ? clusters : [...clusters, passthroughCluster(view)];
}

function portCluster(view: ProxyView, port: InboundPort): ClusterJson {
  const name = `inbound|${port.number}||`;
  const services = port.instances.map(({ service }) => ({ host: service.hostname, name: service.name, namespace: service.namespace }));
  const pool = connectionPoolFields(view, port.connectionPool ?? undefined, undefined);
  const [first] = port.instances;
  const pattern = view.settings.meshConfig.inboundClusterStatName;
  const common: ClusterJson = {
    name,
    ...(pattern && first ? { altStatName: statName(pattern, first.service, first.servicePort, '') } : {}),
    ...pool.cluster,
    ...protocolOptions(port, pool.http),
    metadata: { filterMetadata: { istio: services.length > 0 ? { services } : {} } },
  };
  if (port.endpoint === null) return { ...common, type: 'ORIGINAL_DST', lbPolicy: 'CLUSTER_PROVIDED', ...sourceAddress(view) };
  const address: AddressJson =
    'pipe' in port.endpoint
      ? { pipe: { path: port.endpoint.pipe } }
      : { socketAddress: { address: port.endpoint.address, portValue: port.endpoint.port } };
  return { ...common, type: 'STATIC', loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] } };
}

function passthroughCluster(view: ProxyView): ClusterJson {
  return {
    name: 'InboundPassthroughCluster',
    type: 'ORIGINAL_DST',
    ...connectionPoolFields(view, meshConnectionPool(view), undefined).cluster,
    lbPolicy: 'CLUSTER_PROVIDED',
    typedExtensionProtocolOptions: httpOptions({ useDownstreamProtocolConfig: { httpProtocolOptions: {}, http2ProtocolOptions: {} } }),
    ...sourceAddress(view),
  };
}

/** Traffic rules leave connections from this address alone; from the workload's own they would come back to the proxy. */
function sourceAddress(view: ProxyView): ClusterJson {
  const address = view.node.ip.includes(':') ? '::6' : '127.0.0.6';
  return { upstreamBindConfig: { sourceAddress: { address, portValue: 0 } } };
}

/** HTTP/2 where the port says so; where it says nothing, whatever the client speaks. */
function protocolOptions(port: InboundPort, pool: HttpProtocolOptionsJson | null): ClusterJson {
  const common = pool === null ? {} : { commonHttpProtocolOptions: pool };
  const http2ProtocolOptions = http2Options(port.connectionPool?.http);
  if (isHttp2(port.protocol) && !port.connectionPool?.http?.useClientProtocol) {
    return { typedExtensionProtocolOptions: httpOptions({ ...common, explicitHttpConfig: { http2ProtocolOptions } }) };
  }
  if (port.protocol === 'auto' || port.connectionPool?.http?.useClientProtocol) {
    const useDownstreamProtocolConfig = { httpProtocolOptions: {}, http2ProtocolOptions };
    return { typedExtensionProtocolOptions: httpOptions({ ...common, useDownstreamProtocolConfig }) };
  }
  if (pool === null) return {};
  return { typedExtensionProtocolOptions: httpOptions({ ...common, explicitHttpConfig: { httpProtocolOptions: {} } }) };
}

function httpOptions(options: object): NonNullable<ClusterJson['typedExtensionProtocolOptions']> {
  const name = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return { [name]: typedConfig(name, options) };
}
