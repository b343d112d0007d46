import { everything, extension, percent, toOrigin, type } from './config-parts.ts';
import type { Setup } from './setup.ts';

const fault = extension('envoy.filters.http.fault', 'envoy.extensions.filters.http.fault.v3.HTTPFault');

/** Listeners about trying again, deadlines and injected faults. */
export const retrySetups: Readonly<Record<string, Setup>> = {
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
};
