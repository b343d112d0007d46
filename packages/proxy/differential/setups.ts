import { managerClusters, managerSetups } from './manager-setups.ts';
import type { Setup } from './setup.ts';

/** Ports of one side of a comparison. */
export interface SidePorts {
  readonly admin: number;
  readonly origin: number;
  /** Nothing listens here. */
  readonly dead: number;
  readonly log: string;
  /** Listener port by setup name. */
  readonly listeners: Readonly<Record<string, number>>;
}

const type = (name: string) => `type.googleapis.com/${name}`;
const managerType = type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager');
const router = { name: 'envoy.filters.http.router', typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } };

const filter = (name: string, typeName: string, config: object = {}) => ({ name, typed_config: { '@type': type(typeName), ...config } });
const cors = filter('envoy.filters.http.cors', 'envoy.extensions.filters.http.cors.v3.Cors');
const fault = filter('envoy.filters.http.fault', 'envoy.extensions.filters.http.fault.v3.HTTPFault');

const toOrigin = (route: object = {}) => ({ route: { cluster: 'origin', ...route } });
const everything = { match: { prefix: '/' }, ...toOrigin() };
const percent = (numerator: number) => ({ numerator, denominator: 'HUNDRED' });
const exactHeader = (name: string, value: string) => ({ name, string_match: { exact: value } });
const append = (key: string, value: string, action = 'APPEND_IF_EXISTS_OR_ADD') => ({ header: { key, value }, append_action: action });

const allOf = (...rules: readonly object[]): object => ({ and_rules: { rules } });

/** One matcher of each kind, for headers that are sent several times. */
const repeatedMatchers = {
  exact: { name: 'x-a', string_match: { exact: '1' } },
  regex: { name: 'x-a', string_match: { safe_regex: { regex: '[13]' } } },
  inverted: { name: 'x-a', string_match: { exact: '1' }, invert_match: true },
  range: { name: 'x-a', range_match: { start: 1, end: 2 } },
  joined: { name: 'user-agent', string_match: { exact: '1,2' } },
};

/** Every listener that cases run against. */
export const setups: Readonly<Record<string, Setup>> = {
  plain: { routes: [everything] },
  matching: {
    routes: [
      { name: 'exact', match: { path: '/exact' }, ...toOrigin({ prefix_rewrite: '/seen/exact' }) },
      { name: 'regex', match: { safe_regex: { regex: '/re/[0-9]+' } }, ...toOrigin({ prefix_rewrite: '/seen/regex' }) },
      { name: 'sep', match: { path_separated_prefix: '/sep' }, ...toOrigin({ prefix_rewrite: '/seen/sep' }) },
      { name: 'nocase', match: { prefix: '/NoCase', case_sensitive: false }, ...toOrigin({ prefix_rewrite: '/seen/nocase' }) },
      { name: 'header', match: { prefix: '/h', headers: [exactHeader('x-a', '1')] }, ...toOrigin({ prefix_rewrite: '/seen/header' }) },
      {
        name: 'present',
        match: { prefix: '/h', headers: [{ name: 'x-b', present_match: true }] },
        ...toOrigin({ prefix_rewrite: '/seen/present' }),
      },
      {
        name: 'inverted',
        match: {
          prefix: '/h',
          headers: [
            { name: 'x-c', string_match: { exact: 'no' }, invert_match: true },
            { name: 'x-d', present_match: true },
          ],
        },
        ...toOrigin({ prefix_rewrite: '/seen/inverted' }),
      },
      {
        name: 'missing-empty',
        match: {
          prefix: '/me',
          headers: [{ name: 'x-e', string_match: { exact: 'y' }, invert_match: true, treat_missing_header_as_empty: true }],
        },
        ...toOrigin({ prefix_rewrite: '/seen/me' }),
      },
      {
        name: 'range',
        match: { prefix: '/h', headers: [{ name: 'x-n', range_match: { start: 5, end: 10 } }] },
        ...toOrigin({ prefix_rewrite: '/seen/range' }),
      },
      {
        name: 'query',
        match: { prefix: '/q', query_parameters: [{ name: 'a', string_match: { exact: '1' } }] },
        ...toOrigin({ prefix_rewrite: '/seen/query' }),
      },
      {
        name: 'query-present',
        match: { prefix: '/q', query_parameters: [{ name: 'b', present_match: true }] },
        ...toOrigin({ prefix_rewrite: '/seen/qp' }),
      },
      {
        name: 'method',
        match: { prefix: '/m', headers: [exactHeader(':method', 'PUT')] },
        ...toOrigin({ prefix_rewrite: '/seen/method' }),
      },
      {
        name: 'authority',
        match: { prefix: '/', headers: [exactHeader(':authority', 'special.example.com')] },
        ...toOrigin({ prefix_rewrite: '/seen/authority' }),
      },
      { name: 'grpc', match: { prefix: '/g', grpc: {} }, ...toOrigin({ prefix_rewrite: '/seen/grpc' }) },
      {
        name: 'template',
        match: {
          path_match_policy: filter(
            'envoy.path.match.uri_template.uri_template_matcher',
            'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
            { path_template: '/t/{a}/x/{b=**}' },
          ),
        },
        ...toOrigin(),
      },
    ],
    host: { domains: ['*'] },
  },
  hosts: {
    hosts: [
      {
        name: 'exact',
        domains: ['a.example.com', 'a.example.com:81'],
        routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'exact' } } }],
      },
      {
        name: 'suffix-long',
        domains: ['*.b.example.com'],
        routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'suffix-long' } } }],
      },
      {
        name: 'suffix',
        domains: ['*.example.com'],
        routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'suffix' } } }],
      },
      {
        name: 'prefix',
        domains: ['a.*'],
        routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'prefix' } } }],
      },
      { name: 'empty', domains: ['empty.test'], routes: [] },
      { name: 'tls', domains: ['tls.test'], require_tls: 'ALL', routes: [everything] },
    ],
  },
  actions: {
    routes: [
      { match: { prefix: '/redirect/host' }, redirect: { host_redirect: 'other.example.com' } },
      { match: { prefix: '/redirect/path' }, redirect: { path_redirect: '/new' } },
      { match: { prefix: '/redirect/pathq' }, redirect: { path_redirect: '/new?fixed=1' } },
      { match: { prefix: '/redirect/prefix' }, redirect: { prefix_rewrite: '/swapped' } },
      { match: { prefix: '/redirect/https' }, redirect: { https_redirect: true } },
      { match: { prefix: '/redirect/port' }, redirect: { port_redirect: 8443 } },
      { match: { prefix: '/redirect/strip' }, redirect: { path_redirect: '/s', strip_query: true } },
      {
        match: { prefix: '/redirect/regex' },
        redirect: { regex_rewrite: { pattern: { regex: '^/redirect/regex/(.*)$' }, substitution: '/r/\\1' } },
      },
      ...['MOVED_PERMANENTLY', 'FOUND', 'SEE_OTHER', 'TEMPORARY_REDIRECT', 'PERMANENT_REDIRECT'].map((code) => ({
        match: { prefix: `/code/${code.toLowerCase()}` },
        redirect: { path_redirect: '/x', response_code: code },
      })),
      { match: { prefix: '/direct/body' }, direct_response: { status: 418, body: { inline_string: 'teapot' } } },
      { match: { prefix: '/direct/empty' }, direct_response: { status: 200 } },
      { match: { prefix: '/direct/204' }, direct_response: { status: 204 } },
      {
        match: { prefix: '/direct/headers' },
        direct_response: { status: 200, body: { inline_string: 'h' } },
        response_headers_to_add: [append('x-added', 'yes')],
      },
      { match: { prefix: '/rewrite/prefix' }, ...toOrigin({ prefix_rewrite: '/new' }) },
      { match: { prefix: '/rewrite/slash/' }, ...toOrigin({ prefix_rewrite: '/' }) },
      {
        match: { prefix: '/rewrite/regex' },
        ...toOrigin({ regex_rewrite: { pattern: { regex: '/rewrite/regex/(\\w+)/(\\w+)' }, substitution: '/\\2/\\1' } }),
      },
      { match: { prefix: '/rewrite/host' }, ...toOrigin({ host_rewrite_literal: 'rewritten.example.com' }) },
      { match: { prefix: '/rewrite/xfh' }, ...toOrigin({ host_rewrite_literal: 'rewritten.example.com', append_x_forwarded_host: true }) },
      { match: { prefix: '/rewrite/header' }, ...toOrigin({ host_rewrite_header: 'x-host' }) },
      {
        match: { prefix: '/rewrite/hostregex' },
        ...toOrigin({ host_rewrite_path_regex: { pattern: { regex: '^/rewrite/hostregex/(.+)$' }, substitution: '\\1' } }),
      },
      { match: { prefix: '/clusterheader' }, route: { cluster_header: 'x-cluster' } },
      { match: { prefix: '/nocluster' }, route: { cluster: 'missing' } },
      { match: { prefix: '/nocluster404' }, route: { cluster: 'missing', cluster_not_found_response_code: 'NOT_FOUND' } },
      { match: { prefix: '/dead' }, route: { cluster: 'dead' } },
      { match: { prefix: '/empty' }, route: { cluster: 'empty' } },
    ],
  },
  headers: {
    table: {
      request_headers_to_add: [append('x-level', 'table')],
      response_headers_to_add: [append('x-r-level', 'table')],
      response_headers_to_remove: ['x-origin'],
    },
    host: { domains: ['*'], request_headers_to_add: [append('x-level', 'host')], response_headers_to_add: [append('x-r-level', 'host')] },
    routes: [
      {
        match: { prefix: '/' },
        ...toOrigin(),
        request_headers_to_add: [
          append('x-level', 'route'),
          append('x-over', 'new', 'OVERWRITE_IF_EXISTS_OR_ADD'),
          append('x-absent', 'added', 'ADD_IF_ABSENT'),
          append('x-ifexists', 'changed', 'OVERWRITE_IF_EXISTS'),
          append('x-path', '%REQ(:path)%'),
          append('x-proto', '%PROTOCOL%'),
          append('x-host', '%REQ(:authority)%'),
          append('x-pct', '100%%'),
          append('x-client', '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'),
        ],
        request_headers_to_remove: ['x-remove'],
        response_headers_to_add: [append('x-r-level', 'route'), append('x-code', '%RESPONSE_CODE%')],
        response_headers_to_remove: ['x-mixed-case'],
      },
    ],
  },
  retries: {
    routes: [
      {
        match: { prefix: '/flaky/5xx' },
        ...toOrigin({
          prefix_rewrite: '/flaky',
          retry_policy: { retry_on: '5xx', num_retries: 2, retry_back_off: { base_interval: '0.005s' } },
        }),
      },
      {
        match: { prefix: '/flaky/codes' },
        ...toOrigin({
          prefix_rewrite: '/flaky',
          retry_policy: {
            retry_on: 'retriable-status-codes',
            retriable_status_codes: [418],
            num_retries: 1,
            retry_back_off: { base_interval: '0.005s' },
          },
        }),
      },
      {
        match: { prefix: '/flaky/gateway' },
        ...toOrigin({
          prefix_rewrite: '/flaky',
          retry_policy: { retry_on: 'gateway-error', num_retries: 1, retry_back_off: { base_interval: '0.005s' } },
        }),
      },
      {
        match: { prefix: '/flaky/4xx' },
        ...toOrigin({
          prefix_rewrite: '/flaky',
          retry_policy: { retry_on: 'retriable-4xx', num_retries: 1, retry_back_off: { base_interval: '0.005s' } },
        }),
      },
      {
        match: { prefix: '/reset' },
        ...toOrigin({ retry_policy: { retry_on: 'reset', num_retries: 1, retry_back_off: { base_interval: '0.005s' } } }),
      },
      {
        match: { prefix: '/dead' },
        route: {
          cluster: 'dead',
          retry_policy: { retry_on: 'connect-failure', num_retries: 2, retry_back_off: { base_interval: '0.005s' } },
        },
      },
      {
        match: { prefix: '/slow' },
        ...toOrigin({
          timeout: '0.5s',
          retry_policy: { retry_on: '5xx', num_retries: 1, per_try_timeout: '0.1s', retry_back_off: { base_interval: '0.005s' } },
        }),
      },
      {
        match: { prefix: '/grpc' },
        ...toOrigin({ retry_policy: { retry_on: 'unavailable', num_retries: 1, retry_back_off: { base_interval: '0.005s' } } }),
      },
      { match: { prefix: '/' }, ...toOrigin({ retry_policy: { num_retries: 1 } }) },
    ],
    host: { domains: ['*'], include_request_attempt_count: true, include_attempt_count_in_response: true },
  },
  timeouts: {
    routes: [
      { match: { prefix: '/slow' }, ...toOrigin({ timeout: '0.1s' }) },
      { match: { prefix: '/free' }, ...toOrigin({ timeout: '0s', prefix_rewrite: '/slow' }) },
      { match: { prefix: '/max' }, ...toOrigin({ prefix_rewrite: '/slow', max_stream_duration: { max_stream_duration: '0.1s' } }) },
      { match: { prefix: '/idle' }, ...toOrigin({ prefix_rewrite: '/slow', timeout: '0s', idle_timeout: '0.1s' }) },
    ],
  },
  faults: {
    filters: [fault],
    routes: [
      {
        match: { prefix: '/abort' },
        ...toOrigin(),
        typed_per_filter_config: {
          'envoy.filters.http.fault': {
            '@type': type('envoy.extensions.filters.http.fault.v3.HTTPFault'),
            abort: { http_status: 555, percentage: percent(100) },
          },
        },
      },
      {
        match: { prefix: '/never' },
        ...toOrigin(),
        typed_per_filter_config: {
          'envoy.filters.http.fault': {
            '@type': type('envoy.extensions.filters.http.fault.v3.HTTPFault'),
            abort: { http_status: 555, percentage: percent(0) },
          },
        },
      },
      {
        match: { prefix: '/delay' },
        ...toOrigin(),
        typed_per_filter_config: {
          'envoy.filters.http.fault': {
            '@type': type('envoy.extensions.filters.http.fault.v3.HTTPFault'),
            delay: { fixed_delay: '0.05s', percentage: percent(100) },
          },
        },
      },
      {
        match: { prefix: '/both' },
        ...toOrigin(),
        typed_per_filter_config: {
          'envoy.filters.http.fault': {
            '@type': type('envoy.extensions.filters.http.fault.v3.HTTPFault'),
            delay: { fixed_delay: '0.02s', percentage: percent(100) },
            abort: { http_status: 503, percentage: percent(100) },
          },
        },
      },
      {
        match: { prefix: '/grpc' },
        ...toOrigin(),
        typed_per_filter_config: {
          'envoy.filters.http.fault': {
            '@type': type('envoy.extensions.filters.http.fault.v3.HTTPFault'),
            abort: { grpc_status: 14, percentage: percent(100) },
          },
        },
      },
      everything,
    ],
  },
  cors: {
    filters: [cors],
    routes: [
      {
        match: { prefix: '/' },
        ...toOrigin(),
        typed_per_filter_config: {
          'envoy.filters.http.cors': {
            '@type': type('envoy.extensions.filters.http.cors.v3.CorsPolicy'),
            allow_origin_string_match: [{ exact: 'https://good.example' }, { suffix: '.trusted.example' }],
            allow_methods: 'GET, POST',
            allow_headers: 'x-one',
            expose_headers: 'x-two',
            max_age: '600',
            allow_credentials: true,
          },
        },
      },
    ],
  },
  repeated: {
    filters: [
      filter('envoy.filters.http.rbac', 'envoy.extensions.filters.http.rbac.v3.RBAC', {
        rules: {
          action: 'DENY',
          policies: Object.fromEntries(
            Object.entries(repeatedMatchers).map(([kind, header]) => [
              kind,
              { permissions: [allOf({ url_path: { path: { prefix: `/rbac/${kind}` } } }, { header })], principals: [{ any: true }] },
            ]),
          ),
        },
      }),
    ],
    routes: [
      ...Object.entries(repeatedMatchers).map(([kind, header]) => ({
        name: kind,
        match: { prefix: `/route/${kind}`, headers: [header] },
        direct_response: { status: 200 },
      })),
      { match: { prefix: '/rbac' }, direct_response: { status: 200 } },
    ],
  },
  guarded: {
    manager: { normalize_path: true, merge_slashes: true, path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD' },
    filters: [
      filter('envoy.filters.http.rbac', 'envoy.extensions.filters.http.rbac.v3.RBAC', {
        rules: {
          action: 'DENY',
          policies: { denied: { permissions: [{ url_path: { path: { prefix: '/denied' } } }], principals: [{ any: true }] } },
        },
      }),
    ],
    routes: [everything],
  },
  rbac: {
    filters: [
      filter('envoy.filters.http.rbac', 'envoy.extensions.filters.http.rbac.v3.RBAC', {
        rules: {
          action: 'DENY',
          policies: {
            'ns[foo]-policy[deny]-rule[0]': { permissions: [{ url_path: { path: { prefix: '/denied' } } }], principals: [{ any: true }] },
          },
        },
      }),
      filter('envoy.filters.http.rbac', 'envoy.extensions.filters.http.rbac.v3.RBAC', {
        rules: {
          action: 'ALLOW',
          policies: {
            get: { permissions: [{ header: exactHeader(':method', 'GET') }], principals: [{ any: true }] },
            token: { permissions: [{ any: true }], principals: [{ header: { name: 'x-token', present_match: true } }] },
            cidr: {
              permissions: [{ url_path: { path: { exact: '/local' } } }],
              principals: [{ direct_remote_ip: { address_prefix: '127.0.0.0', prefix_len: 8 } }],
            },
          },
        },
        shadow_rules: { action: 'DENY', policies: { shadow: { permissions: [{ any: true }], principals: [{ any: true }] } } },
      }),
    ],
    routes: [everything],
  },
  edge: { manager: { use_remote_address: true }, routes: [everything] },
  hops: { manager: { use_remote_address: true, xff_num_trusted_hops: 1 }, routes: [everything] },
  skipxff: {
    manager: { use_remote_address: true, skip_xff_append: true, via: 'weft', server_header_transformation: 'PASS_THROUGH' },
    routes: [everything],
  },
  normalize: {
    manager: { normalize_path: true, merge_slashes: true, path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD' },
    routes: [everything],
  },
  slashes: { manager: { normalize_path: true, path_with_escaped_slashes_action: 'UNESCAPE_AND_REDIRECT' }, routes: [everything] },
  rejects: { manager: { normalize_path: true, path_with_escaped_slashes_action: 'REJECT_REQUEST' }, routes: [everything] },
  base: { manager: { normalize_path: true }, routes: [everything] },
  http10: {
    manager: { http_protocol_options: { accept_http_10: true, default_host_for_http_10: 'default.example.com' } },
    routes: [everything],
  },
  serverappend: {
    manager: {
      server_name: 'weft',
      server_header_transformation: 'APPEND_IF_ABSENT',
      always_set_request_id_in_response: true,
      preserve_external_request_id: true,
    },
    routes: [everything],
  },
  stripport: { manager: { strip_any_host_port: true, strip_trailing_host_dot: true }, routes: [everything] },
  upgrades: { manager: { upgrade_configs: [{ upgrade_type: 'websocket' }] }, routes: [everything] },
  ratelimit: {
    filters: [
      filter('envoy.filters.http.local_ratelimit', 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
        stat_prefix: 'l',
        token_bucket: { max_tokens: 2, tokens_per_fill: 2, fill_interval: '3600s' },
        filter_enabled: { default_value: percent(100) },
        filter_enforced: { default_value: percent(100) },
        response_headers_to_add: [append('x-limited', 'yes', 'OVERWRITE_IF_EXISTS_OR_ADD')],
      }),
    ],
    routes: [everything],
  },
  mutation: {
    filters: [
      filter('envoy.filters.http.header_mutation', 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {
        mutations: {
          request_mutations: [{ append: append('x-mutated', 'yes', 'OVERWRITE_IF_EXISTS_OR_ADD') }, { remove: 'x-remove' }],
          response_mutations: [{ append: append('x-r-mutated', 'yes', 'OVERWRITE_IF_EXISTS_OR_ADD') }, { remove: 'x-origin' }],
        },
      }),
    ],
    routes: [everything],
  },
  localreply: {
    manager: {
      local_reply_config: {
        mappers: [
          {
            filter: { status_code_filter: { comparison: { op: 'EQ', value: { default_value: 404, runtime_key: 'k' } } } },
            status_code: 499,
            body: { inline_string: 'mapped' },
            headers_to_add: [append('x-mapped', 'yes')],
          },
        ],
        body_format: { json_format: { code: '%RESPONSE_CODE%', text: '%LOCAL_REPLY_BODY%' } },
      },
    },
    routes: [{ match: { prefix: '/known' }, route: { cluster: 'dead' } }],
  },
  ...managerSetups,
};

const accessLog = (path: string) => ({
  name: 'envoy.access_loggers.file',
  typed_config: {
    '@type': type('envoy.extensions.access_loggers.file.v3.FileAccessLog'),
    path,
    log_format: {
      json_format: {
        id: '%REQ(X-CASE)%',
        code: '%RESPONSE_CODE%',
        flags: '%RESPONSE_FLAGS%',
        details: '%RESPONSE_CODE_DETAILS%',
        route: '%ROUTE_NAME%',
        cluster: '%UPSTREAM_CLUSTER_RAW%',
        method: '%REQ(:METHOD)%',
        path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
        protocol: '%PROTOCOL%',
        received: '%BYTES_RECEIVED%',
        sent: '%BYTES_SENT%',
        grpc: '%GRPC_STATUS%',
      },
    },
  },
});

const cluster = (name: string, port: number | null, more: object = {}) => ({
  name,
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: {
    cluster_name: name,
    endpoints:
      port === null ? [] : [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] }],
  },
  ...more,
});

/** The bootstrap of one side; both sides differ only in their ports and log file. */
export function bootstrapFor(ports: SidePorts): object {
  return {
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: ports.admin } } },
    node: { id: 'differential', cluster: 'differential' },
    static_resources: {
      listeners: Object.entries(setups).map(([name, setup]) => listener(name, setup, ports)),
      clusters: [
        cluster('origin', ports.origin),
        cluster('dead', ports.dead),
        cluster('empty', null),
        ...Object.entries(managerClusters).map(([name, options]) => cluster(name, ports.origin, options)),
      ],
    },
  };
}

function listener(name: string, setup: Setup, ports: SidePorts): object {
  const hosts = setup.hosts ?? [{ name: 'all', domains: ['*'], routes: setup.routes ?? [], ...setup.host }];
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: ports.listeners[name] } },
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': managerType,
              stat_prefix: name,
              // Envoy's second would have to be waited for in every case that ends a connection.
              delayed_close_timeout: '0.1s',
              ...setup.manager,
              access_log: [accessLog(ports.log)],
              route_config: { name, validate_clusters: false, ...setup.table, virtual_hosts: hosts },
              http_filters: [...(setup.filters ?? []), router],
            },
          },
        ],
      },
    ],
  };
}
