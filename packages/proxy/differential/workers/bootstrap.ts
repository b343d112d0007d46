const type = (name: string) => `type.googleapis.com/envoy.${name}`;
const local = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });

/** Ports of one side. Listeners by name; the others are applications, and one where nothing listens. */
export interface WorkerPorts {
  readonly admin: number;
  readonly http: number;
  readonly tcp: Readonly<Record<string, number>>;
  readonly origins: readonly number[];
  readonly dead: number;
}

const never = '3600s';
const bucket = (tokens: number) => ({ max_tokens: tokens, tokens_per_fill: 1, fill_interval: never });
const filter = (name: string, message: string, config: object) => ({ name, typed_config: { '@type': type(message), ...config } });
const whole = { default_value: { numerator: 100, denominator: 'HUNDRED' } };

const checked = {
  common_lb_config: { update_merge_window: '0s' },
  health_checks: [
    {
      timeout: '2s',
      interval: '0.2s',
      no_traffic_interval: '0.2s',
      unhealthy_threshold: 2,
      healthy_threshold: 1,
      http_health_check: { path: '/health' },
    },
  ],
};

/** Clusters by name, all of the same applications unless they have their own; how they differ. */
const clusterConfigs: Readonly<
  Record<string, { readonly config?: object; readonly to?: readonly (number | 'dead')[]; readonly route?: object }>
> = {
  plain: {},
  fleet: { to: [0, 1, 2] },
  requests: { config: { circuit_breakers: { thresholds: [{ max_requests: 3, track_remaining: true }] } }, to: [0] },
  few_connections: {
    config: { circuit_breakers: { thresholds: [{ max_connections: 2, max_pending_requests: 1, track_remaining: true }] } },
    to: [0],
  },
  retries: {
    config: { circuit_breakers: { thresholds: [{ max_retries: 2, track_remaining: true }] } },
    to: [0],
    route: { retry_policy: { retry_on: 'retriable-headers', num_retries: 1, retriable_headers: [{ name: 'x-again' }] } },
  },
  budget: {
    config: {
      circuit_breakers: {
        thresholds: [{ retry_budget: { budget_percent: { value: 50 }, min_retry_concurrency: 1 }, track_remaining: true }],
      },
    },
    to: [0],
    route: { retry_policy: { retry_on: 'retriable-headers', num_retries: 1, retriable_headers: [{ name: 'x-again' }] } },
  },
  outlier: { config: { outlier_detection: { consecutive_5xx: 5, interval: never, base_ejection_time: never, max_ejection_percent: 50 } } },
  rates: {
    config: {
      outlier_detection: {
        consecutive_5xx: 1000,
        interval: '0.5s',
        base_ejection_time: never,
        max_ejection_percent: 50,
        failure_percentage_threshold: 60,
        failure_percentage_minimum_hosts: 3,
        failure_percentage_request_volume: 20,
        enforcing_failure_percentage: 100,
        enforcing_success_rate: 0,
      },
    },
  },
  checked: { config: checked },
  cut: { config: { ...checked, close_connections_on_host_health_failure: true }, to: [3] },
  uncut: { config: checked, to: [3] },
};

const limited = (config: object) => ({
  typed_per_filter_config: {
    'envoy.filters.http.local_ratelimit': {
      '@type': type('extensions.filters.http.local_ratelimit.v3.LocalRateLimit'),
      stat_prefix: 'limit',
      filter_enabled: whole,
      filter_enforced: whole,
      ...config,
    },
  },
});
const byHeader = [{ actions: [{ request_headers: { header_name: 'x-user', descriptor_key: 'user' } }] }];

/** Routes with local rate limits, by the first part of their path. */
const limitedRoutes: Readonly<Record<string, { readonly route: object; readonly action?: object }>> = {
  bucket: { route: limited({ token_bucket: bucket(5), enable_x_ratelimit_headers: 'DRAFT_VERSION_03' }) },
  fleet: {
    route: limited({ token_bucket: bucket(10), local_cluster_rate_limit: {}, enable_x_ratelimit_headers: 'DRAFT_VERSION_03' }),
  },
  descriptors: {
    route: limited({
      token_bucket: bucket(100),
      descriptors: [{ entries: [{ key: 'user', value: 'a' }], token_bucket: bucket(3) }],
    }),
    action: { rate_limits: byHeader },
  },
  wildcards: {
    route: limited({ token_bucket: bucket(100), descriptors: [{ entries: [{ key: 'user' }], token_bucket: bucket(2) }] }),
    action: { rate_limits: byHeader },
  },
};

/** TCP listeners by name: their filters before the proxy. They go to the cluster of their name, where there is one. */
const tcpFilters: Readonly<Record<string, readonly object[]>> = {
  connections: [
    filter('limit', 'extensions.filters.network.connection_limit.v3.ConnectionLimit', { stat_prefix: 'tcp', max_connections: 3 }),
  ],
  rate: [filter('rate', 'extensions.filters.network.local_ratelimit.v3.LocalRateLimit', { stat_prefix: 'tcp', token_bucket: bucket(4) })],
  shared_one: [
    filter('rate', 'extensions.filters.network.local_ratelimit.v3.LocalRateLimit', {
      stat_prefix: 'shared',
      token_bucket: bucket(5),
      share_key: 'both',
    }),
  ],
  shared_two: [
    filter('rate', 'extensions.filters.network.local_ratelimit.v3.LocalRateLimit', {
      stat_prefix: 'shared',
      token_bucket: bucket(5),
      share_key: 'both',
    }),
  ],
  off: [
    filter('limit', 'extensions.filters.network.connection_limit.v3.ConnectionLimit', {
      stat_prefix: 'off',
      max_connections: 1,
      runtime_enabled: { default_value: false, runtime_key: 'none' },
    }),
    filter('rate', 'extensions.filters.network.local_ratelimit.v3.LocalRateLimit', {
      stat_prefix: 'off',
      token_bucket: bucket(1),
      runtime_enabled: { default_value: false, runtime_key: 'none' },
    }),
  ],
  runtime: [],
  cut: [],
  uncut: [],
};

export const tcpListeners: readonly string[] = Object.keys(tcpFilters);

const cluster = (name: string, ports: readonly number[], config: object = {}) => ({
  name,
  type: 'STATIC',
  connect_timeout: '2s',
  ...config,
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: { address: local(port) } })) }],
  },
});

function routes(): object[] {
  const limits = Object.entries(limitedRoutes).map(([name, { route, action }]) => ({
    match: { path_separated_prefix: `/${name}` },
    route: { cluster: 'plain', ...action },
    ...route,
  }));
  const clusters = Object.entries(clusterConfigs).map(([name, { route }]) => ({
    match: { path_separated_prefix: `/to/${name}` },
    route: { cluster: name, timeout: '0s', ...route },
  }));
  return [...limits, ...clusters];
}

/** One proxy with several workers: what its limits allow must not depend on which worker a connection comes to. */
export function workerBootstrap({ admin, http, tcp, origins, dead }: WorkerPorts): object {
  const manager = filter('http', 'extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'http',
    route_config: { name: 'all', virtual_hosts: [{ name: 'all', domains: ['*'], include_request_attempt_count: true, routes: routes() }] },
    http_filters: [
      filter('envoy.filters.http.local_ratelimit', 'extensions.filters.http.local_ratelimit.v3.LocalRateLimit', { stat_prefix: 'limit' }),
      filter('envoy.filters.http.router', 'extensions.filters.http.router.v3.Router', {}),
    ],
  });
  const tcpProxy = (name: string): object => {
    const cluster = name in clusterConfigs ? name : 'plain';
    return filter('tcp', 'extensions.filters.network.tcp_proxy.v3.TcpProxy', { stat_prefix: 'tcp', cluster });
  };
  return {
    admin: { address: local(admin) },
    cluster_manager: { local_cluster_name: 'fleet' },
    layered_runtime: {
      layers: [{ name: 'static', static_layer: { 'envoy.resource_limits.listener.runtime.connection_limit': 3 } }],
    },
    static_resources: {
      listeners: [
        { name: 'http', address: local(http), filter_chains: [{ filters: [manager] }] },
        ...tcpListeners.map((name) => ({
          name,
          address: local(tcp[name] ?? 0),
          filter_chains: [{ filters: [...(tcpFilters[name] ?? []), tcpProxy(name)] }],
        })),
      ],
      clusters: Object.entries(clusterConfigs).map(([name, { config, to }]) =>
        cluster(
          name,
          (to ?? [...origins.keys()]).map((each) => (each === 'dead' ? dead : (origins[each] ?? 0))),
          config,
        ),
      ),
    },
  };
}
