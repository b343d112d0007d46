import { authz, authzSetups } from './authz-setups.ts';
import { type FilterSetup, filter, header, percent, type } from './filter-parts.ts';
import { jwtSetups } from './jwt-setups.ts';
import type { Services } from './services.ts';

const limit = (config: object = {}) =>
  filter('ratelimit', 'ratelimit.v3.RateLimit', {
    domain: 'shop',
    timeout: '0.2s',
    rate_limit_service: { grpc_service: { envoy_grpc: { cluster_name: 'grpc' } }, transport_api_version: 'V3' },
    ...config,
  });
const verdict = { request_headers: { header_name: 'x-verdict', descriptor_key: 'verdict' } };
const localLimit = (config: object) =>
  filter('local_ratelimit', 'local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: 'local',
    filter_enabled: percent(100),
    filter_enforced: percent(100),
    ...config,
  });
const bucket = (max: number, perFill = max, interval = '3600s') => ({ max_tokens: max, tokens_per_fill: perFill, fill_interval: interval });

/** A split whose cluster the request chooses. */
const split = (clusters: readonly object[]) => ({ weighted_clusters: { clusters, header_name: 'x-draw' } });
const clusterRules = (action: 'ALLOW' | 'DENY') => ({
  'envoy.filters.http.rbac': {
    '@type': type('envoy.extensions.filters.http.rbac.v3.RBACPerRoute'),
    rbac: { rules: { action, policies: { all: { permissions: [{ any: true }], principals: [{ any: true }] } } } },
  },
});
const offRules = {
  ...filter('rbac', 'rbac.v3.RBAC', { rules: { action: 'ALLOW' } }),
  disabled: true,
};
const skipAuthz = {
  'envoy.filters.http.ext_authz': { '@type': type('envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute'), disabled: true },
};
const added = (name: string) => ({
  'envoy.filters.http.header_mutation': {
    '@type': type('envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute'),
    mutations: { request_mutations: [{ append: header(name, 'yes') }], response_mutations: [{ append: header(name, 'yes') }] },
  },
});

/** Every listener that scenarios ask, by name. */
export const filterSetups: Readonly<Record<string, FilterSetup>> = {
  ...authzSetups,
  ...jwtSetups,
  limit: { filters: [limit()], route: { rate_limits: [{ actions: [verdict] }] } },
  limit_deny: {
    filters: [limit({ failure_mode_deny: true, enable_x_ratelimit_headers: 'DRAFT_VERSION_03' })],
    route: { rate_limits: [{ actions: [verdict] }] },
  },
  limit_status: {
    filters: [
      limit({
        rate_limited_status: { code: 'ServiceUnavailable' },
        status_on_error: { code: 'BadGateway' },
        failure_mode_deny: true,
        disable_x_envoy_ratelimited_header: true,
      }),
    ],
    route: { rate_limits: [{ actions: [verdict] }] },
  },
  limit_grpc: { filters: [limit({ rate_limited_as_resource_exhausted: true })], route: { rate_limits: [{ actions: [verdict] }] } },
  limit_actions: {
    filters: [limit({ stage: 1 })],
    route: {
      rate_limits: [
        { stage: 0, actions: [{ generic_key: { descriptor_value: 'other stage' } }] },
        {
          stage: 1,
          actions: [{ generic_key: { descriptor_value: 'a' } }, { generic_key: { descriptor_key: 'k', descriptor_value: 'b' } }],
        },
        { stage: 1, actions: [{ destination_cluster: {} }, { source_cluster: {} }] },
        { stage: 1, actions: [{ remote_address: {} }] },
        { stage: 1, actions: [{ masked_remote_address: { v4_prefix_mask_len: 16 } }] },
        { stage: 1, actions: [{ request_headers: { header_name: 'x-absent', descriptor_key: 'absent' } }] },
        {
          stage: 1,
          actions: [
            { request_headers: { header_name: 'x-absent', descriptor_key: 'absent', skip_if_absent: true } },
            { generic_key: { descriptor_value: 'rest' } },
          ],
        },
        {
          stage: 1,
          actions: [{ header_value_match: { descriptor_value: 'get', headers: [{ name: ':method', string_match: { exact: 'GET' } }] } }],
        },
        {
          stage: 1,
          actions: [
            {
              header_value_match: {
                descriptor_value: 'not get',
                expect_match: false,
                headers: [{ name: ':method', string_match: { exact: 'GET' } }],
              },
            },
          ],
        },
        {
          stage: 1,
          actions: [
            { query_parameter_value_match: { descriptor_value: 'q', query_parameters: [{ name: 'q', string_match: { exact: '1' } }] } },
          ],
        },
      ],
    },
  },
  limit_host: {
    filters: [limit()],
    route: { rate_limits: [{ actions: [{ generic_key: { descriptor_value: 'route' } }] }] },
    host: { rate_limits: [{ actions: [{ generic_key: { descriptor_value: 'host' } }] }] },
  },
  limit_include: {
    filters: [limit()],
    route: { rate_limits: [{ actions: [{ generic_key: { descriptor_value: 'route' } }] }], include_vh_rate_limits: true },
    host: { rate_limits: [{ actions: [{ generic_key: { descriptor_value: 'host' } }] }] },
  },
  local_headers: { filters: [localLimit({ token_bucket: bucket(2), enable_x_ratelimit_headers: 'DRAFT_VERSION_03' })] },
  local_unenforced: {
    filters: [
      localLimit({
        token_bucket: bucket(1),
        filter_enforced: percent(0),
        request_headers_to_add_when_not_enforced: [header('x-would-be', 'limited')],
      }),
    ],
  },
  local_status: { filters: [localLimit({ token_bucket: bucket(1), status: { code: 'ServiceUnavailable' } })] },
  local_grpc: { filters: [localLimit({ token_bucket: bucket(1), rate_limited_as_resource_exhausted: true })] },
  local_descriptors: {
    filters: [
      localLimit({
        token_bucket: bucket(100),
        enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
        descriptors: [
          { entries: [{ key: 'who', value: 'ann' }], token_bucket: bucket(1) },
          { entries: [{ key: 'who', value: 'bob' }], token_bucket: bucket(2) },
        ],
      }),
    ],
    route: { rate_limits: [{ actions: [{ request_headers: { header_name: 'x-who', descriptor_key: 'who' } }] }] },
  },
  local_own_limits: {
    filters: [
      localLimit({
        token_bucket: bucket(100),
        rate_limits: [{ actions: [{ request_headers: { header_name: 'x-who', descriptor_key: 'who' } }] }],
        descriptors: [{ entries: [{ key: 'who', value: 'ann' }], token_bucket: bucket(1) }],
      }),
    ],
  },
  local_refill: { filters: [localLimit({ token_bucket: bucket(4, 4, '2s') })] },
  local_connection: { filters: [localLimit({ token_bucket: bucket(1), local_rate_limit_per_downstream_connection: true })] },
  cluster_rules: {
    filters: [filter('rbac', 'rbac.v3.RBAC'), authz(), filter('header_mutation', 'header_mutation.v3.HeaderMutation')],
    route: split([
      { name: 'origin', weight: 1, typed_per_filter_config: { ...clusterRules('DENY'), ...skipAuthz } },
      { name: 'origin', weight: 1, typed_per_filter_config: { ...clusterRules('ALLOW'), ...skipAuthz } },
      { name: 'origin', weight: 1, typed_per_filter_config: added('x-by-cluster') },
      { name: 'origin', weight: 1 },
    ]),
    routeConfig: { typed_per_filter_config: { ...clusterRules('ALLOW'), ...added('x-by-route') } },
  },
  jwt_unknown: {
    filters: [
      filter('jwt_authn', 'jwt_authn.v3.JwtAuthentication', {
        requirement_map: { known: { allow_missing: {} }, also: { allow_missing: {} } },
      }),
    ],
    routeConfig: {
      typed_per_filter_config: {
        'envoy.filters.http.jwt_authn': {
          '@type': type('envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig'),
          requirement_name: 'gone',
        },
      },
    },
  },
  rules_off: { filters: [offRules] },
  rules_on: {
    filters: [offRules],
    routeConfig: {
      typed_per_filter_config: { 'envoy.filters.http.rbac': { '@type': type('envoy.config.route.v3.FilterConfig'), config: {} } },
    },
  },
};

const cluster = (name: string, port: number, more: object = {}) => ({
  name,
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] }],
  },
  ...more,
});
const http2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

/** The bootstrap of one side. Responses tell flags and details in headers. */
export function filterBootstrap(ports: Readonly<Record<string, number>>, admin: number, services: Services): object {
  return {
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: admin } } },
    node: { id: 'filters', cluster: 'filters' },
    static_resources: {
      listeners: Object.entries(filterSetups).map(([name, { filters, route, host, routeConfig }]) => ({
        name,
        address: { socket_address: { address: '127.0.0.1', port_value: ports[name] } },
        filter_chains: [
          {
            filters: [
              {
                name: 'envoy.filters.network.http_connection_manager',
                typed_config: {
                  '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
                  stat_prefix: name,
                  route_config: {
                    name,
                    response_headers_to_add: [
                      header('x-details', '%RESPONSE_CODE_DETAILS%'),
                      // The local limit sets its flag after it has answered: only logs tell it.
                      ...(name.startsWith('local') ? [] : [header('x-flags', '%RESPONSE_FLAGS%')]),
                    ],
                    virtual_hosts: [
                      {
                        name: 'all',
                        domains: ['*'],
                        routes: [
                          {
                            match: { prefix: '/' },
                            route: route && 'weighted_clusters' in route ? route : { cluster: 'origin', ...route },
                            ...routeConfig,
                          },
                        ],
                        ...host,
                      },
                    ],
                  },
                  http_filters: [
                    ...filters,
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
      })),
      clusters: [cluster('origin', services.originPort), cluster('http', services.httpPort), cluster('grpc', services.grpcPort, http2)],
    },
  };
}
