import { append, exactHeader, extension, percent, toOrigin } from './config-parts.ts';
import type { Setup } from './setup.ts';

const backOff = { retry_back_off: { base_interval: '0.005s' } };
const retrying = (prefix: string, retry_policy: object, more: object = {}) => ({
  match: { prefix: `/${prefix}/` },
  ...toOrigin({ prefix_rewrite: '/', retry_policy: { num_retries: 1, ...backOff, ...retry_policy }, ...more }),
});
const at = (prefix: string, route: object, more: object = {}) => ({
  match: { prefix: `/${prefix}/` },
  ...toOrigin({ prefix_rewrite: '/', ...route }),
  ...more,
});
const split = (prefix: string, more: object, ...clusters: readonly object[]) => ({
  match: { prefix: `/${prefix}/` },
  route: { prefix_rewrite: '/', weighted_clusters: { clusters, ...more } },
});

/** Listeners about the options of routes: when to try again, deadlines, choice of a cluster. */
export const routeOptionSetups: Readonly<Record<string, Setup>> = {
  retryinternal: {
    manager: { use_remote_address: true, internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] } },
    routes: [
      at('none', {}),
      retrying('some', { retry_on: 'gateway-error' }),
      retrying('asked', { retry_on: '5xx', retriable_request_headers: [exactHeader('x-retry', 'yes')] }),
    ],
  },
  retryoptions: {
    routes: [
      retrying('headers', { retry_on: 'retriable-headers', retriable_headers: [{ name: 'x-origin', present_match: true }] }),
      retrying('status', { retry_on: 'retriable-headers', retriable_headers: [exactHeader(':status', '404')] }),
      retrying('asked', { retry_on: '5xx', retriable_request_headers: [exactHeader('x-retry', 'yes')] }),
      retrying('limited', { retry_on: 'envoy-ratelimited' }),
      retrying('reset-after', {
        retry_on: '5xx',
        rate_limited_retry_back_off: { reset_headers: [{ name: 'x-reset', format: 'SECONDS' }], max_interval: '2s' },
      }),
      retrying('none', { retry_on: '5xx', num_retries: 0 }),
      retrying('grpc', { retry_on: 'cancelled,deadline-exceeded,internal,resource-exhausted,unavailable' }),
      retrying('before', { retry_on: 'reset-before-request' }),
      retrying('refused', { retry_on: 'refused-stream' }),
      retrying('http3', { retry_on: 'http3-post-connect-failure' }),
      retrying('budget', { retry_on: 'gateway-error,retriable-status-codes', retriable_status_codes: [404], num_retries: 3 }),
      retrying('predicates', {
        retry_on: '5xx',
        num_retries: 2,
        retry_host_predicate: [
          extension('envoy.retry_host_predicates.previous_hosts', 'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
          extension(
            'envoy.retry_host_predicates.omit_canary_hosts',
            'envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate',
          ),
        ],
        host_selection_retry_max_attempts: 3,
      }),
      retrying('pertry', { retry_on: 'gateway-error', per_try_timeout: '0.1s' }),
      retrying('pertryidle', { retry_on: 'gateway-error', per_try_idle_timeout: '0.1s' }),
      retrying('idleonly', { retry_on: 'retriable-4xx', per_try_idle_timeout: '0.1s' }),
      retrying('pertrylong', { retry_on: 'reset', per_try_timeout: '5s' }, { timeout: '0.15s' }),
      { match: { prefix: '/host/' }, ...toOrigin({ prefix_rewrite: '/' }) },
      { match: { prefix: '/' }, ...toOrigin() },
    ],
    host: {
      domains: ['*'],
      include_request_attempt_count: true,
      include_attempt_count_in_response: true,
      retry_policy: { retry_on: '5xx', num_retries: 2, ...backOff },
    },
  },
  deadlines: {
    routes: [
      at('idle', { timeout: '0s', idle_timeout: '0.15s' }),
      at('noidle', { timeout: '0s', idle_timeout: '0s' }),
      at('flush', { timeout: '0s', idle_timeout: '1s', flush_timeout: '0.1s' }),
      at('stream', { max_stream_duration: { max_stream_duration: '0.15s' } }),
      at('nostream', { max_stream_duration: { max_stream_duration: '0s' } }),
      at('grpcmax', { max_stream_duration: { grpc_timeout_header_max: '0.15s' } }),
      at('grpcany', { max_stream_duration: { grpc_timeout_header_max: '0s' } }),
      at('grpcoffset', { max_stream_duration: { grpc_timeout_header_max: '0s', grpc_timeout_header_offset: '0.1s' } }),
      at('grpcboth', { max_stream_duration: { max_stream_duration: '1s', grpc_timeout_header_max: '0.1s' } }),
      at('grpcold', { max_grpc_timeout: '0.15s', grpc_timeout_offset: '0.01s' }),
      at('whole', { timeout: '0.15s' }),
    ],
  },
  managerdeadlines: {
    manager: {
      stream_idle_timeout: '0.2s',
      request_headers_timeout: '0.3s',
      common_http_protocol_options: { max_stream_duration: '0.4s' },
    },
    routes: [
      at('idle', { timeout: '0s', idle_timeout: '2s' }),
      at('noidle', { timeout: '0s', idle_timeout: '0s' }),
      at('stream', { timeout: '0s', idle_timeout: '0s', max_stream_duration: { max_stream_duration: '2s' } }),
      { match: { prefix: '/' }, ...toOrigin({ timeout: '0s' }) },
    ],
  },
  choices: {
    routes: [
      split('weightedheader', { header_name: 'x-weight' }, { name: 'origin', weight: 30 }, { name: 'dead', weight: 70 }),
      split('weightednone', {}, { name: 'origin', weight: 100 }, { name: 'dead', weight: 0 }),
      split('weightedkey', { runtime_key_prefix: 'weights' }, { name: 'origin', weight: 100 }, { name: 'dead', weight: 0 }),
      split(
        'weightedcluster',
        {},
        {
          cluster_header: 'x-cluster',
          weight: 1,
          request_headers_to_add: [append('x-chosen', 'yes')],
          response_headers_to_add: [append('x-answered', 'yes')],
          host_rewrite_literal: 'weighted.example.com',
        },
      ),
      {
        match: { prefix: '/weightedboth/' },
        route: {
          append_x_forwarded_host: true,
          host_rewrite_literal: 'route.example.com',
          weighted_clusters: { clusters: [{ name: 'origin', weight: 1, host_rewrite_literal: 'weighted.example.com' }] },
        },
      },
      at('fraction', {}, { match: { prefix: '/fraction/', runtime_fraction: { default_value: percent(0) } } }),
      at('early', { priority: 'HIGH' }),
      at('cookie', {
        hash_policy: [
          { cookie: { name: 'sticky', ttl: '60s', path: '/p', attributes: [{ name: 'SameSite', value: 'Lax' }, { name: 'Secure' }] } },
        ],
      }),
      at('sessioncookie', { hash_policy: [{ cookie: { name: 'sticky', ttl: '0s' } }] }),
      at('passivecookie', { hash_policy: [{ cookie: { name: 'sticky' } }] }),
      at('hashes', {
        hash_policy: [
          { header: { header_name: 'x-hash' }, terminal: true },
          { query_parameter: { name: 'q' } },
          { connection_properties: { source_ip: true } },
          { filter_state: { key: 'k' } },
        ],
      }),
      { match: { prefix: '/' }, route: { cluster_header: 'x-cluster' } },
    ],
  },
  buffered: {
    filters: [extension('envoy.filters.http.buffer', 'envoy.extensions.filters.http.buffer.v3.Buffer', { max_request_bytes: 20 })],
    routes: [
      at(
        'off',
        {},
        {
          typed_per_filter_config: {
            'envoy.filters.http.buffer': {
              '@type': 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute',
              disabled: true,
            },
          },
        },
      ),
      at(
        'more',
        {},
        {
          typed_per_filter_config: {
            'envoy.filters.http.buffer': {
              '@type': 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute',
              buffer: { max_request_bytes: 40 },
            },
          },
        },
      ),
      { match: { prefix: '/' }, ...toOrigin() },
    ],
  },
};
