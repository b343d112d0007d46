import { at, atOnce, type ClusterCase, httpCheck, type Locality, never, type } from './cluster-case.ts';

const all: readonly Locality[] = [{ endpoints: at(0, 1, 2, 3) }];

/** Clusters whose hosts are watched: by outlier detection and by active checks. */
export const healthCases: Readonly<Record<string, ClusterCase>> = {
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
};
