import { at, atOnce, type ClusterCase, httpCheck, inZone, type Locality, policy } from './cluster-case.ts';

const all: readonly Locality[] = [{ endpoints: at(0, 1, 2, 3) }];
const weighted: readonly Locality[] = [
  {
    endpoints: [
      { to: 0, weight: 1 },
      { to: 1, weight: 4 },
    ],
  },
];
const versions: readonly Locality[] = [
  {
    endpoints: [
      { to: 0, lb: { version: 'v1', stage: 'prod' } },
      { to: 1, lb: { version: 'v2', stage: 'prod' } },
      { to: 2, lb: { version: 'v2', stage: 'dev' } },
    ],
  },
];
const subsets = (config: object = {}) => ({
  lb_subset_config: {
    fallback_policy: 'NO_FALLBACK',
    metadata_fallback_policy: 'FALLBACK_LIST',
    subset_selectors: [{ keys: ['version'] }, { keys: ['stage', 'version'] }],
    ...config,
  },
});
const asking = (match: object) => ({ metadata_match: { filter_metadata: { 'envoy.lb': match } } });
const bias = (value: number, name: string) => ({ active_request_bias: { default_value: value, runtime_key: name } });
const biased = (value: number, name: string): ClusterCase => ({
  localities: weighted,
  config: { lb_policy: 'LEAST_REQUEST', least_request_lb_config: bias(value, name) },
});
const http = (options: object) => ({
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http_protocol_options: {} },
      ...options,
    },
  },
});

/** Clusters with the finer options of balancing, connections and health, by name. */
export const optionCases: Readonly<Record<string, ClusterCase>> = {
  least_unbiased: biased(0, 'unbiased'),
  least_biased: biased(2, 'biased'),
  least_typed: { localities: weighted, policy: policy('least_request.v3.LeastRequest', bias(0, 'typed')) },
  least_choices: { localities: all, config: { lb_policy: 'LEAST_REQUEST', least_request_lb_config: { choice_count: 40 } } },
  robin_typed: { localities: weighted, policy: policy('round_robin.v3.RoundRobin') },
  random_typed: { localities: all, policy: policy('random.v3.Random') },
  zones_small: {
    localities: [inZone('b', at(1, 2)), inZone('a', at(0, 3, 4, 5))],
    config: { common_lb_config: { zone_aware_lb_config: { min_cluster_size: 7 } } },
  },
  zones_large_enough: {
    localities: [inZone('b', at(1, 2)), inZone('a', at(0, 3, 4, 5))],
    config: { common_lb_config: { zone_aware_lb_config: { min_cluster_size: 6 } } },
  },
  zones_fail_in_panic: {
    localities: [
      inZone('b', [
        { to: 1, health: 'UNHEALTHY' },
        { to: 2, health: 'UNHEALTHY' },
      ]),
      inZone('a', [
        { to: 0, health: 'UNHEALTHY' },
        { to: 3, health: 'HEALTHY' },
      ]),
    ],
    config: { common_lb_config: { zone_aware_lb_config: { fail_traffic_on_panic: true, min_cluster_size: 1 } } },
  },
  listed_first: {
    localities: versions,
    config: subsets(),
    route: asking({ stage: 'prod', fallback_list: [{ version: 'v2' }, { version: 'v1' }] }),
  },
  listed_second: {
    localities: versions,
    config: subsets(),
    route: asking({ stage: 'dev', fallback_list: [{ version: 'v9' }, { version: 'v2' }] }),
  },
  listed_none: { localities: versions, config: subsets(), route: asking({ fallback_list: [{ version: 'v8' }, { version: 'v9' }] }) },
  listed_empty: { localities: versions, config: subsets(), route: asking({ version: 'v1', fallback_list: [] }) },
  listed_overridden: { localities: versions, config: subsets(), route: asking({ version: 'v9', fallback_list: [{ version: 'v1' }] }) },
  listed_unread: {
    localities: versions,
    config: subsets({ metadata_fallback_policy: 'METADATA_NO_FALLBACK', fallback_policy: 'ANY_ENDPOINT' }),
    route: asking({ version: 'v1', fallback_list: [{ version: 'v2' }] }),
  },
  few_requests_each: {
    localities: [{ endpoints: at(0) }],
    config: http({ common_http_protocol_options: { max_requests_per_connection: 2 } }),
  },
  shared_connections: { localities: [{ endpoints: at(0) }] },
  own_connections: { localities: [{ endpoints: at(0) }], config: { connection_pool_per_downstream_connection: true } },
  cut_off: {
    localities: [{ endpoints: at(5) }],
    config: { ...atOnce, close_connections_on_host_health_failure: true, health_checks: [httpCheck()] },
  },
  not_cut_off: { localities: [{ endpoints: at(5) }], config: { ...atOnce, health_checks: [httpCheck()] } },
};
