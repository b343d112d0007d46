import { extension, percent, toOrigin } from './config-parts.ts';
import type { Setup } from './setup.ts';

const through = (cluster: string, more: object = {}) => ({ route: { cluster, ...more } });
const dead = { envoy_grpc: { cluster_name: 'dead' } };

/** Listeners about what else may go wrong, each of which has a flag of its own. */
export const flagSetups: Readonly<Record<string, Setup>> = {
  flags: {
    filters: [extension('envoy.filters.http.fault', 'envoy.extensions.filters.http.fault.v3.HTTPFault')],
    routes: [
      { match: { prefix: '/overflow' }, ...through('overflowing') },
      { match: { prefix: '/pending' }, ...through('waiting') },
      { match: { prefix: '/dropped' }, ...through('dropping') },
      { match: { prefix: '/long/' }, ...through('hasty', { prefix_rewrite: '/' }) },
      {
        match: { prefix: '/longretried/' },
        ...through('hasty', { prefix_rewrite: '/', retry_policy: { retry_on: 'reset', num_retries: 1 } }),
      },
      { match: { prefix: '/h2/' }, ...through('tunnelh2', { prefix_rewrite: '/' }) },
      {
        match: { prefix: '/delayed' },
        ...toOrigin(),
        typed_per_filter_config: {
          'envoy.filters.http.fault': {
            '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
            delay: { fixed_delay: '0.02s', percentage: percent(100) },
            abort: { http_status: 418, percentage: percent(100) },
          },
        },
      },
      { match: { prefix: '/' }, ...toOrigin() },
    ],
  },
  flagstrict: {
    router: extension('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router', {
      strict_check_headers: ['x-envoy-upstream-rq-timeout-ms', 'x-envoy-max-retries', 'x-envoy-retry-on'],
    }),
    manager: {
      use_remote_address: true,
      internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] },
    },
    routes: [{ match: { prefix: '/' }, ...toOrigin() }],
  },
  flagauthz: {
    filters: [
      extension('envoy.filters.http.ext_authz', 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz', {
        grpc_service: dead,
        transport_api_version: 'V3',
      }),
    ],
    routes: [{ match: { prefix: '/' }, ...toOrigin() }],
  },
  flaglimit: {
    filters: [
      extension('envoy.filters.http.ratelimit', 'envoy.extensions.filters.http.ratelimit.v3.RateLimit', {
        domain: 'd',
        failure_mode_deny: true,
        rate_limit_service: { grpc_service: dead, transport_api_version: 'V3' },
      }),
    ],
    routes: [{ match: { prefix: '/' }, ...toOrigin({ rate_limits: [{ actions: [{ remote_address: {} }] }] }) }],
  },
};

const thresholds = (limits: object) => ({ circuit_breakers: { thresholds: [{ priority: 'DEFAULT', ...limits }] } });

/** What the clusters of these listeners are, beside the usual. */
export const flagClusters: Readonly<Record<string, object>> = {
  overflowing: thresholds({ max_requests: 0 }),
  waiting: thresholds({ max_pending_requests: 0 }),
  hasty: {
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        common_http_protocol_options: { max_stream_duration: '0.15s' },
        explicit_http_config: { http_protocol_options: {} },
      },
    },
  },
};
