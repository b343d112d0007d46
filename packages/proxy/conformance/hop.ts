import { startProxy } from '../src/proxy.ts';
import type { RunningProxy } from '../src/proxy-options.ts';
import type { Bootstrap } from '../src/xds/bootstrap.ts';

const type = (name: string) => `type.googleapis.com/${name}`;

/** What a hop does beside forwarding everything to one port. */
export interface HopOptions {
  /** Speaks HTTP/2 upstream. */
  readonly http2?: boolean;
  /** More of the connection manager, and filters before the router. */
  readonly manager?: object;
  readonly filters?: readonly object[];
  /** More of the route's action. */
  readonly route?: object;
  /** Ports of loopback where services of filters speak HTTP/2, by the names of their clusters. */
  readonly http2Clusters?: Readonly<Record<string, number>>;
}

/** One of Weft's proxies in this process, and the port that it listens on. */
export interface Hop {
  readonly proxy: RunningProxy;
  readonly port: number;
}

/** Starts a proxy that forwards everything to `upstream` on loopback. */
export async function startHop(upstream: number, options: HopOptions = {}): Promise<Hop> {
  const proxy = await startProxy({ bootstrap: hopBootstrap(upstream, options), drainTimeMs: 0 });
  return { proxy, port: proxy.listenerPorts().get('in') ?? 0 };
}

function hopBootstrap(upstream: number, { http2 = false, manager, filters = [], route, http2Clusters = {} }: HopOptions): Bootstrap {
  const connectionManager = {
    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    statPrefix: 'test',
    ...manager,
    routeConfig: {
      virtualHosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream', timeout: '0s', ...route } }] },
      ],
    },
    httpFilters: [...filters, { name: 'router', typedConfig: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } }],
  };
  const bootstrap = {
    node: { id: 'test' },
    staticResources: {
      listeners: [{ name: 'in', address: address(0), filterChains: [{ filters: [{ name: 'http', typedConfig: connectionManager }] }] }],
      clusters: [
        clusterAt('upstream', upstream, http2),
        ...Object.entries(http2Clusters).map(([name, port]) => clusterAt(name, port, true)),
      ],
    },
  };
  return bootstrap as unknown as Bootstrap;
}

const address = (port: number) => ({ socketAddress: { address: '127.0.0.1', portValue: port } });

function clusterAt(name: string, port: number, isHttp2: boolean): object {
  return {
    name,
    connectTimeout: '1s',
    ...(isHttp2 && {
      typedExtensionProtocolOptions: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
          '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
          explicitHttpConfig: { http2ProtocolOptions: { allowConnect: true } },
        },
      },
    }),
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address: address(port) } }] }] },
  };
}
