import { at, type ClusterCase, type Locality, type } from './cluster-case.ts';

const all: readonly Locality[] = [{ endpoints: at(0, 1, 2, 3) }];

/** Clusters that refuse or repeat requests, and one of names. */
export const limitCases: Readonly<Record<string, ClusterCase>> = {
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
