import { at, atOnce, type ClusterCase, httpCheck, inZone, type Locality, never, policy, type } from './cluster-case.ts';
import { optionCases } from './option-cases.ts';

/** Ports of the applications, by number, and one where nothing listens. */
export interface Ports {
  readonly origins: readonly number[];
  readonly dead: number;
}

const all = [{ endpoints: at(0, 1, 2, 3) }];
const hashed = { hash_policy: [{ header: { header_name: 'x-key' } }] };
const subsetHosts: readonly Locality[] = [
  {
    endpoints: [
      { to: 0, lb: { version: 'v1', stage: 'prod' } },
      { to: 1, lb: { version: 'v1', stage: 'dev' } },
      { to: 2, lb: { version: 'v2', stage: 'prod' } },
      { to: 3, lb: { version: ['v3', 'v4'], stage: 'prod', default: true } },
    ],
  },
];
const subset = (config: object, match: object | null): ClusterCase => ({
  localities: subsetHosts,
  config: { lb_subset_config: config },
  ...(match === null ? {} : { route: { metadata_match: { filter_metadata: { 'envoy.lb': match } } } }),
});
const selectors = (...keys: readonly (readonly string[])[]) => keys.map((each) => ({ keys: each }));

/** Every cluster that scenarios ask, by name. */
const clusterCases: Readonly<Record<string, ClusterCase>> = {
  ...optionCases,
  ring: { localities: all, config: { lb_policy: 'RING_HASH' }, route: hashed },
  ring_murmur: {
    localities: all,
    config: { lb_policy: 'RING_HASH', ring_hash_lb_config: { hash_function: 'MURMUR_HASH_2' } },
    route: hashed,
  },
  ring_small: {
    localities: all,
    config: { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: 10, maximum_ring_size: 11 } },
    route: hashed,
  },
  ring_weights: {
    localities: [
      {
        endpoints: [
          { to: 0, weight: 1 },
          { to: 1, weight: 3 },
          { to: 2, weight: 5 },
        ],
      },
    ],
    config: { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: 100 } },
    route: hashed,
  },
  ring_localities: {
    localities: [inZone('b', at(0, 1), { weight: 3 }), inZone('a', at(2, 3), { weight: 1 })],
    config: { lb_policy: 'RING_HASH', common_lb_config: { locality_weighted_lb_config: {} } },
    route: hashed,
  },
  ring_keys: {
    localities: [{ endpoints: [{ to: 0, lb: { hash_key: 'first' } }, { to: 1, lb: { hash_key: 'second' } }, { to: 2 }] }],
    config: { lb_policy: 'RING_HASH' },
    route: hashed,
  },
  ring_priorities: {
    localities: [{ endpoints: [{ to: 0 }, { to: 1, health: 'UNHEALTHY' }] }, { endpoints: at(2, 3), priority: 1 }],
    config: { lb_policy: 'RING_HASH' },
    route: hashed,
  },
  ring_typed: {
    localities: all,
    policy: policy('ring_hash.v3.RingHash', { hash_function: 'XX_HASH', minimum_ring_size: 64 }),
    route: hashed,
  },
  ring_two: {
    localities: all,
    config: { lb_policy: 'RING_HASH' },
    route: { hash_policy: [{ header: { header_name: 'x-key' } }, { query_parameter: { name: 'q' } }, { header: { header_name: 'host' } }] },
  },
  maglev: { localities: all, config: { lb_policy: 'MAGLEV' }, route: hashed },
  maglev_small: { localities: all, config: { lb_policy: 'MAGLEV', maglev_lb_config: { table_size: 11 } }, route: hashed },
  maglev_weights: {
    localities: [
      {
        endpoints: [
          { to: 0, weight: 1 },
          { to: 1, weight: 3 },
          { to: 2, weight: 5 },
        ],
      },
    ],
    config: { lb_policy: 'MAGLEV', maglev_lb_config: { table_size: 101 } },
    route: hashed,
  },
  maglev_hostnames: {
    localities: [
      {
        endpoints: [
          { to: 0, hostname: 'zeta' },
          { to: 1, hostname: 'beta' },
          { to: 2, hostname: 'alpha' },
        ],
      },
    ],
    config: {
      type: 'STRICT_DNS',
      lb_policy: 'MAGLEV',
      common_lb_config: { consistent_hashing_lb_config: { use_hostname_for_hashing: true } },
    },
    route: hashed,
  },
  bounded_ring: {
    localities: all,
    config: { lb_policy: 'RING_HASH', common_lb_config: { consistent_hashing_lb_config: { hash_balance_factor: 120 } } },
    route: hashed,
  },
  bounded_maglev: {
    localities: [
      {
        endpoints: [
          { to: 0, weight: 2 },
          { to: 1, weight: 1 },
          { to: 2, weight: 1 },
          { to: 3, weight: 4 },
        ],
      },
    ],
    config: { lb_policy: 'MAGLEV', common_lb_config: { consistent_hashing_lb_config: { hash_balance_factor: 150 } } },
    route: hashed,
  },

  robin: { localities: all },
  robin_weights: {
    localities: [
      {
        endpoints: [
          { to: 0, weight: 1 },
          { to: 1, weight: 2 },
          { to: 2, weight: 5 },
        ],
      },
    ],
  },
  robin_localities: {
    localities: [inZone('a', at(0, 1), { weight: 3 }), inZone('b', at(2), { weight: 1 }), inZone('c', at(3))],
    config: { common_lb_config: { locality_weighted_lb_config: {} } },
  },
  robin_localities_down: {
    localities: [
      inZone('a', [{ to: 0 }, { to: 1, health: 'UNHEALTHY' }, { to: 2, health: 'UNHEALTHY' }], { weight: 1 }),
      inZone('b', at(3), { weight: 1 }),
    ],
    config: { common_lb_config: { locality_weighted_lb_config: {}, healthy_panic_threshold: { value: 0 } } },
  },
  wrr_locality: {
    localities: [inZone('a', at(0, 1), { weight: 1 }), inZone('b', at(2), { weight: 1 })],
    policy: policy('wrr_locality.v3.WrrLocality', {
      endpoint_picking_policy: { policies: [policy('client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin')] },
    }),
  },
  priorities: { localities: [{ endpoints: [{ to: 0 }, { to: 1, health: 'UNHEALTHY' }] }, { endpoints: at(2), priority: 1 }] },
  priorities_down: { localities: [{ endpoints: [{ to: 0, health: 'UNHEALTHY' }] }, { endpoints: at(2), priority: 1 }] },
  priorities_panic: {
    localities: [
      {
        endpoints: [
          { to: 0, health: 'UNHEALTHY' },
          { to: 1, health: 'UNHEALTHY' },
        ],
      },
      {
        endpoints: [
          { to: 2, health: 'UNHEALTHY' },
          { to: 3, health: 'DRAINING' },
        ],
        priority: 1,
      },
    ],
  },
  panic: { localities: [{ endpoints: [{ to: 0 }, { to: 1, health: 'UNHEALTHY' }, { to: 2, health: 'UNHEALTHY' }] }] },
  panic_draining: {
    localities: [
      {
        endpoints: [
          { to: 0, health: 'DRAINING' },
          { to: 1, health: 'UNHEALTHY' },
          { to: 2, health: 'TIMEOUT' },
        ],
      },
    ],
  },
  panic_off: {
    localities: [
      {
        endpoints: [
          { to: 0, health: 'UNHEALTHY' },
          { to: 1, health: 'UNHEALTHY' },
        ],
      },
    ],
    config: { common_lb_config: { healthy_panic_threshold: { value: 0 } } },
  },
  panic_fails: {
    localities: [{ endpoints: [{ to: 0 }, { to: 1, health: 'UNHEALTHY' }, { to: 2, health: 'UNHEALTHY' }] }],
    config: { common_lb_config: { zone_aware_lb_config: { fail_traffic_on_panic: true } } },
  },
  degraded: {
    localities: [{ endpoints: [{ to: 0 }, { to: 1, health: 'DEGRADED' }, { to: 2, health: 'DEGRADED' }, { to: 3, health: 'UNHEALTHY' }] }],
  },
  degraded_only: {
    localities: [
      {
        endpoints: [
          { to: 0, health: 'DEGRADED' },
          { to: 1, health: 'UNHEALTHY' },
        ],
      },
    ],
  },
  overprovisioned: {
    localities: [{ endpoints: [{ to: 0 }, { to: 1, health: 'UNHEALTHY' }] }, { endpoints: at(2), priority: 1 }],
  },
  random: { localities: all, config: { lb_policy: 'RANDOM' } },
  least: { localities: all, config: { lb_policy: 'LEAST_REQUEST' } },
  least_all: { localities: all, policy: policy('least_request.v3.LeastRequest', { enable_full_scan: true }) },
  least_weights: {
    localities: [
      {
        endpoints: [
          { to: 0, weight: 1 },
          { to: 1, weight: 4 },
        ],
      },
    ],
    config: { lb_policy: 'LEAST_REQUEST' },
  },

  subset_exact: subset({ fallback_policy: 'NO_FALLBACK', subset_selectors: selectors(['version']) }, { version: 'v1' }),
  subset_two: subset(
    { fallback_policy: 'NO_FALLBACK', subset_selectors: selectors(['version', 'stage']) },
    { version: 'v1', stage: 'dev' },
  ),
  subset_other_keys: subset({ fallback_policy: 'NO_FALLBACK', subset_selectors: selectors(['version']) }, { stage: 'prod' }),
  subset_more_keys: subset({ fallback_policy: 'NO_FALLBACK', subset_selectors: selectors(['version']) }, { version: 'v1', stage: 'dev' }),
  subset_missing: subset({ fallback_policy: 'NO_FALLBACK', subset_selectors: selectors(['version']) }, { version: 'v9' }),
  subset_any: subset({ fallback_policy: 'ANY_ENDPOINT', subset_selectors: selectors(['version']) }, { version: 'v9' }),
  subset_default: subset(
    { fallback_policy: 'DEFAULT_SUBSET', default_subset: { default: true }, subset_selectors: selectors(['version']) },
    { version: 'v9' },
  ),
  subset_none: subset({ fallback_policy: 'NO_FALLBACK', subset_selectors: selectors(['version']) }, null),
  subset_none_any: subset({ fallback_policy: 'ANY_ENDPOINT', subset_selectors: selectors(['version']) }, null),
  subset_selector_any: subset(
    { fallback_policy: 'NO_FALLBACK', subset_selectors: [{ keys: ['version'], fallback_policy: 'ANY_ENDPOINT' }] },
    { version: 'v9' },
  ),
  subset_selector_default: subset(
    {
      fallback_policy: 'NO_FALLBACK',
      default_subset: { default: true },
      subset_selectors: [{ keys: ['version'], fallback_policy: 'DEFAULT_SUBSET' }],
    },
    { version: 'v9' },
  ),
  subset_selector_none: subset(
    { fallback_policy: 'ANY_ENDPOINT', subset_selectors: [{ keys: ['version'], fallback_policy: 'NO_FALLBACK' }] },
    { version: 'v9' },
  ),
  subset_selector_keys: subset(
    {
      fallback_policy: 'NO_FALLBACK',
      subset_selectors: [
        { keys: ['version', 'stage'], fallback_policy: 'KEYS_SUBSET', fallback_keys_subset: ['stage'] },
        { keys: ['stage'], fallback_policy: 'NO_FALLBACK' },
      ],
    },
    { version: 'v9', stage: 'dev' },
  ),
  subset_list: subset({ fallback_policy: 'NO_FALLBACK', list_as_any: true, subset_selectors: selectors(['version']) }, { version: 'v4' }),
  subset_without_selectors: subset({ fallback_policy: 'NO_FALLBACK' }, { version: 'v1' }),

  // The fleet: 2 of 4 proxies are in this one's zone, which has 1 of 6 hosts.
  fleet: { localities: [inZone('a', at(0, 1)), inZone('b', at(2)), inZone('c', at(3))] },
  zones: { localities: [inZone('c', at(3, 4, 5)), inZone('b', at(1, 2)), inZone('a', at(0))] },
  zones_direct: { localities: [inZone('b', at(1, 2)), inZone('a', at(0, 3, 4, 5))] },
  zones_half: {
    localities: [inZone('b', at(1, 2)), inZone('a', at(0, 3, 4, 5))],
    config: { common_lb_config: { zone_aware_lb_config: { routing_enabled: { value: 50 } } } },
  },

  outlier_5xx: {
    localities: all,
    config: { outlier_detection: { consecutive_5xx: 3, base_ejection_time: '3600s', max_ejection_percent: 50, interval: never } },
  },
  outlier_one: {
    localities: [{ endpoints: at(0, 1) }],
    config: { outlier_detection: { consecutive_5xx: 2, base_ejection_time: '3600s', max_ejection_percent: 10, interval: never } },
  },
  outlier_always_one: {
    localities: [{ endpoints: at(0, 1) }],
    config: {
      outlier_detection: {
        consecutive_5xx: 2,
        base_ejection_time: '3600s',
        max_ejection_percent: 10,
        always_eject_one_host: true,
        interval: never,
      },
      common_lb_config: { healthy_panic_threshold: { value: 0 } },
    },
  },
  outlier_gateway: {
    localities: all,
    config: {
      outlier_detection: {
        consecutive_5xx: 100,
        consecutive_gateway_failure: 2,
        enforcing_consecutive_gateway_failure: 100,
        base_ejection_time: '3600s',
        max_ejection_percent: 50,
        interval: never,
      },
    },
  },
  outlier_local: {
    localities: [{ endpoints: [{ to: 0 }, { to: 1 }, { to: 'dead' }] }],
    config: {
      outlier_detection: {
        split_external_local_origin_errors: true,
        consecutive_local_origin_failure: 2,
        base_ejection_time: '3600s',
        max_ejection_percent: 50,
        interval: never,
      },
    },
  },
  outlier_returns: {
    localities: all,
    config: {
      ...atOnce,
      outlier_detection: { consecutive_5xx: 2, interval: '0.05s', base_ejection_time: '0.3s', max_ejection_percent: 50 },
    },
  },
  outlier_rate: {
    localities: all,
    config: {
      outlier_detection: {
        consecutive_5xx: 1000,
        interval: '0.3s',
        base_ejection_time: '3600s',
        success_rate_minimum_hosts: 4,
        success_rate_request_volume: 5,
        success_rate_stdev_factor: 1500,
        max_ejection_percent: 50,
      },
    },
  },
  outlier_percentage: {
    localities: all,
    config: {
      outlier_detection: {
        consecutive_5xx: 1000,
        interval: '0.3s',
        base_ejection_time: '3600s',
        enforcing_success_rate: 0,
        enforcing_failure_percentage: 100,
        failure_percentage_threshold: 60,
        failure_percentage_minimum_hosts: 4,
        failure_percentage_request_volume: 5,
        max_ejection_percent: 50,
      },
    },
  },

  outlier_matcher: {
    localities: all,
    config: {
      outlier_detection: { consecutive_5xx: 2, base_ejection_time: '3600s', max_ejection_percent: 50, interval: never },
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
          '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
          explicit_http_config: { http_protocol_options: {} },
          outlier_detection: {
            error_matcher: { http_response_headers_match: { headers: [{ name: ':status', string_match: { exact: '429' } }] } },
          },
        },
      },
    },
  },

  checked: { localities: [{ endpoints: at(4, 5) }], config: { ...atOnce, health_checks: [httpCheck()] } },
  checked_statuses: {
    localities: [{ endpoints: at(4, 5) }],
    config: {
      health_checks: [httpCheck({}, { expected_statuses: [{ start: 200, end: 300 }], retriable_statuses: [{ start: 429, end: 430 }] })],
    },
  },
  checked_tcp: {
    localities: [{ endpoints: [{ to: 0 }, { to: 'dead' }] }],
    config: {
      health_checks: [
        {
          timeout: '1s',
          interval: '0.05s',
          no_traffic_interval: '0.05s',
          unhealthy_threshold: 2,
          healthy_threshold: 1,
          tcp_health_check: {},
        },
      ],
      common_lb_config: { healthy_panic_threshold: { value: 0 } },
    },
  },

  dropped: { localities: all, dropPercent: 100 },
  half_dropped: { localities: [{ endpoints: at(0) }], dropPercent: 50 },
  limited_requests: { localities: [{ endpoints: at(0) }], config: { circuit_breakers: { thresholds: [{ max_requests: 2 }] } } },
  limited_connections: {
    localities: [{ endpoints: at(0) }],
    config: { circuit_breakers: { thresholds: [{ max_connections: 1, max_pending_requests: 1 }] } },
  },
  limited_per_host: {
    localities: [{ endpoints: at(0) }],
    config: { circuit_breakers: { thresholds: [{ max_pending_requests: 1 }], per_host_thresholds: [{ max_connections: 1 }] } },
  },
  retried: {
    localities: [{ endpoints: [{ to: 'dead' }, { to: 0 }] }],
    route: {
      retry_policy: {
        retry_on: 'connect-failure',
        num_retries: 1,
        retry_back_off: { base_interval: '0.001s' },
        host_selection_retry_max_attempts: 5,
        retry_host_predicate: [
          {
            name: 'envoy.retry_host_predicates.previous_hosts',
            typed_config: { '@type': type('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate') },
          },
        ],
      },
    },
  },
  retried_priorities: {
    localities: [{ endpoints: [{ to: 'dead' }] }, { endpoints: at(2), priority: 1 }],
    route: {
      retry_policy: {
        retry_on: 'connect-failure',
        num_retries: 1,
        retry_back_off: { base_interval: '0.001s' },
        retry_priority: {
          name: 'envoy.retry_priorities.previous_priorities',
          typed_config: {
            '@type': type('envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig'),
            update_frequency: 1,
          },
        },
      },
    },
  },
  retried_omitting: {
    localities: [{ endpoints: [{ to: 0 }, { to: 1, lb: { slow: true } }, { to: 2, lb: { slow: true } }] }],
    route: {
      retry_policy: {
        retry_on: '5xx',
        num_retries: 3,
        retry_back_off: { base_interval: '0.001s' },
        host_selection_retry_max_attempts: 50,
        retry_host_predicate: [
          {
            name: 'envoy.retry_host_predicates.omit_host_metadata',
            typed_config: {
              '@type': type('envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig'),
              metadata_match: { filter_metadata: { 'envoy.lb': { slow: true } } },
            },
          },
        ],
      },
    },
  },
  dns: { localities: [{ endpoints: at(0, 1) }], config: { type: 'STRICT_DNS', dns_lookup_family: 'V4_ONLY' } },
};

/** Clusters without endpoints of their own. */
function specialClusters(): object[] {
  return [
    {
      name: 'aggregate',
      connect_timeout: '1s',
      lb_policy: 'CLUSTER_PROVIDED',
      cluster_type: {
        name: 'envoy.clusters.aggregate',
        typed_config: { '@type': type('envoy.extensions.clusters.aggregate.v3.ClusterConfig'), clusters: ['panic_off', 'priorities'] },
      },
    },
    {
      name: 'original',
      type: 'ORIGINAL_DST',
      connect_timeout: '1s',
      lb_policy: 'CLUSTER_PROVIDED',
      original_dst_lb_config: { use_http_header: true },
    },
  ];
}

function clusterOf(name: string, { localities, config, policy: typed, dropPercent }: ClusterCase, ports: Ports): object {
  const portOf = (to: number | 'dead'): number => (to === 'dead' ? ports.dead : (ports.origins[to] ?? 0));
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    ...(typed === undefined ? {} : { load_balancing_policy: { policies: [typed] } }),
    ...config,
    load_assignment: {
      cluster_name: name,
      ...(dropPercent === undefined
        ? {}
        : { policy: { drop_overloads: [{ category: 'all', drop_percentage: { numerator: dropPercent } }] } }),
      endpoints: localities.map(({ zone, weight, priority, endpoints }) => ({
        ...(zone === undefined ? {} : { locality: { region: 'r', zone } }),
        ...(weight === undefined ? {} : { load_balancing_weight: weight }),
        ...(priority === undefined ? {} : { priority }),
        lb_endpoints: endpoints.map(({ to, weight: hostWeight, health, hostname, lb }) => ({
          endpoint: {
            address: { socket_address: { address: '127.0.0.1', port_value: portOf(to) } },
            ...(hostname === undefined ? {} : { hostname }),
          },
          ...(hostWeight === undefined ? {} : { load_balancing_weight: hostWeight }),
          ...(health === undefined ? {} : { health_status: health }),
          ...(lb === undefined ? {} : { metadata: { filter_metadata: { 'envoy.lb': lb } } }),
        })),
      })),
    },
  };
}

/** The bootstrap of one side: a listener that routes `/to/CLUSTER` to each cluster. */
export function upstreamBootstrap(listener: number, admin: number, ports: Ports): object {
  const special = specialClusters() as { readonly name: string }[];
  const names = [...Object.keys(clusterCases), ...special.map(({ name }) => name)];
  return {
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: admin } } },
    node: { id: 'upstream', cluster: 'upstream', locality: { region: 'r', zone: 'a' } },
    cluster_manager: { local_cluster_name: 'fleet' },
    static_resources: {
      listeners: [
        {
          name: 'all',
          address: { socket_address: { address: '127.0.0.1', port_value: listener } },
          filter_chains: [
            {
              filters: [
                {
                  name: 'envoy.filters.network.http_connection_manager',
                  typed_config: {
                    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
                    stat_prefix: 'all',
                    route_config: {
                      name: 'all',
                      virtual_hosts: [
                        {
                          name: 'all',
                          domains: ['*'],
                          routes: names.map((name) => ({
                            match: { path_separated_prefix: `/to/${name}` },
                            route: { cluster: name, ...clusterCases[name]?.route },
                          })),
                        },
                      ],
                    },
                    http_filters: [
                      {
                        name: 'envoy.filters.http.router',
                        typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') },
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [...Object.entries(clusterCases).map(([name, each]) => clusterOf(name, each, ports)), ...special],
    },
  };
}
