import { append, everything, exactHeader, extension, percent, toOrigin, type } from './config-parts.ts';
import type { Setup } from './setup.ts';

const cors = extension('envoy.filters.http.cors', 'envoy.extensions.filters.http.cors.v3.Cors');
const allOf = (...rules: readonly object[]): object => ({ and_rules: { rules } });

/** One matcher of each kind, for headers that are sent several times. */
const repeatedMatchers = {
  exact: { name: 'x-a', string_match: { exact: '1' } },
  regex: { name: 'x-a', string_match: { safe_regex: { regex: '[13]' } } },
  inverted: { name: 'x-a', string_match: { exact: '1' }, invert_match: true },
  range: { name: 'x-a', range_match: { start: 1, end: 2 } },
  joined: { name: 'user-agent', string_match: { exact: '1,2' } },
};

/** Listeners about who may pass, and about filters that answer or change. */
export const policySetups: Readonly<Record<string, Setup>> = {
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
      extension('envoy.filters.http.rbac', 'envoy.extensions.filters.http.rbac.v3.RBAC', {
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
      extension('envoy.filters.http.rbac', 'envoy.extensions.filters.http.rbac.v3.RBAC', {
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
      extension('envoy.filters.http.rbac', 'envoy.extensions.filters.http.rbac.v3.RBAC', {
        rules: {
          action: 'DENY',
          policies: {
            'ns[foo]-policy[deny]-rule[0]': { permissions: [{ url_path: { path: { prefix: '/denied' } } }], principals: [{ any: true }] },
          },
        },
      }),
      extension('envoy.filters.http.rbac', 'envoy.extensions.filters.http.rbac.v3.RBAC', {
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
  ratelimit: {
    filters: [
      extension('envoy.filters.http.local_ratelimit', 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
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
      extension('envoy.filters.http.header_mutation', 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {
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
};
