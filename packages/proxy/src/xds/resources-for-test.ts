import type { Bootstrap } from './bootstrap.ts';

const type = (name: string): string => `type.googleapis.com/${name}`;
const router = { name: 'router', typedConfig: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } };

/** A listener on a port of loopback (0 = any) whose routes come by RDS under the given name. */
export function listenerFor(name: string, routes: string, { port = 0, transportSocket = undefined as object | undefined } = {}): object {
  const manager = {
    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    statPrefix: name,
    rds: { routeConfigName: routes, configSource: { ads: {} } },
    httpFilters: [router],
  };
  return {
    name,
    address: { socketAddress: { address: '127.0.0.1', portValue: port } },
    filterChains: [{ filters: [{ name: 'http', typedConfig: manager }], ...(transportSocket && { transportSocket }) }],
  };
}

/** Routes that send everything to one cluster, with retries where a policy is given. */
export function routesTo(name: string, cluster: string, retryPolicy?: object): object {
  const route = { cluster, timeout: '5s', ...(retryPolicy && { retryPolicy }) };
  return { name, virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route }] }] };
}

/** A cluster whose endpoints come by EDS. */
export function edsCluster(name: string, more: object = {}): object {
  return { name, type: 'EDS', connectTimeout: '1s', edsClusterConfig: { edsConfig: { ads: {} } }, ...more };
}

/** Endpoints on ports of loopback. */
export function endpointsOf(clusterName: string, ports: readonly number[]): object {
  const endpoint = (portValue: number): object => ({ endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue } } } });
  return { clusterName, endpoints: [{ lbEndpoints: ports.map(endpoint) }] };
}

/** A cluster of the bootstrap at one address, for gRPC. */
export function grpcCluster(name: string, ports: readonly number[], transportSocket?: object): object {
  const protocol = {
    '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
    explicitHttpConfig: { http2ProtocolOptions: {} },
  };
  return {
    name,
    connectTimeout: '1s',
    loadAssignment: endpointsOf(name, ports),
    typedExtensionProtocolOptions: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': protocol },
    ...(transportSocket && { transportSocket }),
  };
}

/** A bootstrap that gets everything by ADS from ports of loopback, as Istio's do. */
export function adsBootstrap(
  ports: readonly number[],
  options: { apiType?: string; transportSocket?: object; clusters?: object[] } = {},
): Bootstrap {
  const { apiType = 'DELTA_GRPC', transportSocket, clusters = [] } = options;
  return {
    node: { id: 'test', cluster: 'test' },
    admin: { address: { socketAddress: { address: '127.0.0.1', portValue: 0 } } },
    dynamicResources: {
      ldsConfig: { ads: {}, initialFetchTimeout: '0s', resourceApiVersion: 'V3' },
      cdsConfig: { ads: {}, initialFetchTimeout: '0s', resourceApiVersion: 'V3' },
      adsConfig: {
        apiType,
        transportApiVersion: 'V3',
        setNodeOnFirstMessageOnly: true,
        grpcServices: [{ envoyGrpc: { clusterName: 'xds-grpc' } }],
      },
    },
    staticResources: { clusters: [grpcCluster('xds-grpc', ports, transportSocket), ...clusters] },
  } as Bootstrap;
}
