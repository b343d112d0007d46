import { type FilterSetup, filter, header, percent, type } from './filter-parts.ts';

const grpcService = (timeout = '0.2s') => ({ envoy_grpc: { cluster_name: 'grpc' }, timeout });
const exact = (...names: readonly string[]) => ({ patterns: names.map((name) => ({ exact: name })) });
/** The filter that asks the gRPC service. */
export const authz = (config: object = {}) =>
  filter('ext_authz', 'ext_authz.v3.ExtAuthz', { grpc_service: grpcService(), transport_api_version: 'V3', ...config });
const httpAuthz = (service: object = {}, config: object = {}) =>
  filter('ext_authz', 'ext_authz.v3.ExtAuthz', {
    http_service: { server_uri: { uri: 'http://authz.example.com', cluster: 'http', timeout: '0.5s' }, ...service },
    ...config,
  });

/** Listeners that ask an authorization service about requests. */
export const authzSetups: Readonly<Record<string, FilterSetup>> = {
  authz: { filters: [authz()] },
  authz_allow: { filters: [authz({ failure_mode_allow: true, failure_mode_allow_header_add: true })] },
  authz_status: { filters: [authz({ status_on_error: { code: 'ServiceUnavailable' } })] },
  authz_body: { filters: [authz({ with_request_body: { max_request_bytes: 8, allow_partial_message: true } })] },
  authz_whole_body: { filters: [authz({ with_request_body: { max_request_bytes: 8, pack_as_bytes: true } })] },
  authz_headers: { filters: [authz({ allowed_headers: exact('x-authz', 'x-a'), disallowed_headers: exact('x-a') })] },
  authz_route: {
    filters: [authz()],
    routeConfig: {
      typed_per_filter_config: {
        'envoy.filters.http.ext_authz': {
          '@type': type('envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute'),
          check_settings: { context_extensions: { tenant: 'shop' } },
        },
      },
    },
  },
  authz_metadata: {
    filters: [
      authz({ metadata_context_namespaces: ['envoy.filters.http.ext_authz'] }),
      filter('header_mutation', 'header_mutation.v3.HeaderMutation'),
    ],
    routeConfig: { request_headers_to_add: [header('x-metadata', '%DYNAMIC_METADATA(envoy.filters.http.ext_authz:user)%')] },
  },
  authz_off: {
    filters: [authz()],
    routeConfig: {
      typed_per_filter_config: {
        'envoy.filters.http.ext_authz': { '@type': type('envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute'), disabled: true },
      },
    },
  },
  authz_nobody: { filters: [authz({ filter_enabled: percent(0) })] },
  authz_everybody: { filters: [authz({ filter_enabled: percent(100) })] },
  authz_nobody_denied: {
    filters: [
      authz({
        filter_enabled: percent(0),
        deny_at_disable: { default_value: true, runtime_key: 'deny' },
        status_on_error: { code: 'ServiceUnavailable' },
      }),
    ],
  },
  authz_half: { filters: [authz({ filter_enabled: percent(50) })] },
  authz_marked: {
    filters: [
      filter('rbac', 'rbac.v3.RBAC', {
        shadow_rules: {
          action: 'DENY',
          policies: { marked: { permissions: [{ url_path: { path: { prefix: '/m' } } }], principals: [{ any: true }] } },
        },
        shadow_rules_stat_prefix: 'ext_',
      }),
      authz({
        filter_enabled_metadata: {
          filter: 'envoy.filters.http.rbac',
          path: [{ key: 'ext_shadow_effective_policy_id' }],
          value: { string_match: { prefix: 'mark' } },
        },
      }),
    ],
  },
  authz_unmarked: {
    filters: [
      authz({
        filter_enabled_metadata: { filter: 'a', path: [{ key: 'b' }], value: { string_match: { exact: 'c' } } },
        deny_at_disable: { default_value: true, runtime_key: 'deny' },
      }),
    ],
  },
  authz_http: { filters: [httpAuthz()] },
  authz_http_options: {
    filters: [
      httpAuthz(
        {
          path_prefix: '/prefix',
          authorization_request: { headers_to_add: [{ key: 'x-added', value: 'by proxy' }] },
          authorization_response: {
            allowed_upstream_headers: exact('x-user'),
            allowed_upstream_headers_to_append: exact('x-appended'),
            allowed_client_headers: exact('x-allowed'),
            allowed_client_headers_on_success: exact('x-allowed'),
          },
        },
        { allowed_headers: exact('x-a', 'cookie'), status_on_error: { code: 'ServiceUnavailable' } },
      ),
    ],
  },
  authz_http_body: { filters: [httpAuthz({}, { with_request_body: { max_request_bytes: 8, allow_partial_message: true } })] },
  authz_http_allow: { filters: [httpAuthz({}, { failure_mode_allow: true })] },
};
