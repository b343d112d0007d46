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

function hopBootstrap(upstream: number, { http2, manager, filters = [], route }: HopOptions): Bootstrap {
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
  const address = (port: number) => ({ socketAddress: { address: '127.0.0.1', portValue: port } });
  const bootstrap = {
    node: { id: 'test' },
    staticResources: {
      listeners: [{ name: 'in', address: address(0), filterChains: [{ filters: [{ name: 'http', typedConfig: connectionManager }] }] }],
      clusters: [
        {
          name: 'upstream',
          connectTimeout: '1s',
          ...(http2 && {
            typedExtensionProtocolOptions: {
              'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
                '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
                explicitHttpConfig: { http2ProtocolOptions: { allowConnect: true } },
              },
            },
          }),
          loadAssignment: { clusterName: 'upstream', endpoints: [{ lbEndpoints: [{ endpoint: { address: address(upstream) } }] }] },
        },
      ],
    },
  };
  return bootstrap as unknown as Bootstrap;
}
