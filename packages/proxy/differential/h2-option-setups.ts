const type = (name: string): string => `type.googleapis.com/${name}`;
const address = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });

/** Ports of one proxy and of the applications behind it. */
export interface H2OptionPorts {
  readonly admin: number;
  /** By name of a listener. */
  readonly listeners: Readonly<Record<string, number>>;
  /** Answers HTTP/1.1. */
  readonly web: number;
  /** Speaks HTTP/2, and never answers PING. */
  readonly deaf: number;
}

const tuned = {
  hpack_table_size: 1024,
  max_concurrent_streams: 7,
  initial_stream_window_size: 70_000,
  initial_connection_window_size: 90_000,
};
const keepalive = { connection_keepalive: { interval: '0.2s', timeout: '0.2s', interval_jitter: { value: 0 } } };

/** Options of a connection manager, and the cluster that it sends to. */
const listeners: Readonly<Record<string, readonly [manager: object, cluster: string]>> = {
  plain: [{}, 'web'],
  tuned: [{ http2_protocol_options: { ...tuned, allow_connect: true } }, 'web'],
  metadata: [{ http2_protocol_options: { allow_metadata: true } }, 'web'],
  kept: [{ http2_protocol_options: keepalive }, 'web'],
  idle: [{ stream_idle_timeout: '0.3s' }, 'web'],
  flush: [{ stream_idle_timeout: '30s', stream_flush_timeout: '0.3s' }, 'web'],
  h2plain: [{}, 'h2plain'],
  h2tuned: [{}, 'h2tuned'],
  h2kept: [{}, 'h2kept'],
  matching: [{ scheme_header_transformation: { match_upstream: true } }, 'h2plain'],
};

const clusters = ({ web, deaf }: H2OptionPorts): object[] => [
  cluster('web', web, null),
  cluster('h2plain', deaf, {}),
  cluster('h2tuned', deaf, tuned),
  cluster('h2kept', deaf, keepalive),
];

export const h2OptionListeners: readonly string[] = Object.keys(listeners);

/** The bootstrap of one side. */
export function h2OptionBootstrap(ports: H2OptionPorts): object {
  return {
    admin: { address: address(ports.admin) },
    static_resources: {
      listeners: Object.entries(listeners).map(([name, [manager, to]]) => ({
        name,
        address: address(ports.listeners[name] ?? 0),
        filter_chains: [{ filters: [{ name: 'http', typed_config: managerOf(name, manager, to) }] }],
      })),
      clusters: clusters(ports),
    },
  };
}

function managerOf(name: string, options: object, to: string): object {
  return {
    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: name,
    ...options,
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: to } }] }] },
    http_filters: [{ name: 'router', typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } }],
  };
}

/** `http2`: options of HTTP/2, null for HTTP/1.1. */
function cluster(name: string, port: number, http2: object | null): object {
  const options = {
    '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
    explicit_http_config: { http2_protocol_options: http2 },
  };
  return {
    name,
    type: 'STATIC',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }] },
    ...(http2 !== null && { typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': options } }),
  };
}
