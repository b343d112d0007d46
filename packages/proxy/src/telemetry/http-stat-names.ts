import { connectionStatNames } from './connection-stats.ts';
import type { DeclaredStats } from './registry.ts';

/** What the gauges of a connection manager read. */
interface CountedManager {
  /** How much of each there is at the moment. */
  readonly active: Readonly<Record<'http1' | 'http2' | 'tls' | 'requests' | 'upgrades', number>>;
  /** Bytes that wait in the process to be sent to clients. */
  readonly queuedBytes: number;
}

/** What may happen at a connection manager and is counted when it does. */
const managerEvents = [
  'downstream_cx_delayed_close_timeout',
  'downstream_cx_drain_close',
  'downstream_cx_http1_total',
  'downstream_cx_http2_total',
  'downstream_cx_idle_timeout',
  'downstream_cx_max_duration_reached',
  'downstream_cx_max_requests_reached',
  'downstream_cx_protocol_error',
  'downstream_cx_ssl_total',
  'downstream_cx_upgrades_total',
  'downstream_flow_control_paused_reading_total',
  'downstream_flow_control_resumed_reading_total',
  'downstream_rq_failed_path_normalization',
  'downstream_rq_header_timeout',
  'downstream_rq_idle_timeout',
  'downstream_rq_max_duration_reached',
  'downstream_rq_non_relative_path',
  'downstream_rq_redirected_with_normalized_path',
  'downstream_rq_response_before_rq_complete',
  'downstream_rq_rx_reset',
  'downstream_rq_timeout',
  'downstream_rq_too_large',
  'downstream_rq_tx_reset',
  'downstream_rq_ws_on_non_ws_route',
  'no_cluster',
  'no_route',
  'rq_direct_response',
  'rq_reset_after_downstream_response_started',
  'rs_too_large',
  'tracing.client_enabled',
  'tracing.not_traceable',
  'tracing.random_sampling',
  'tracing.service_forced',
] as const;

export type ManagerEvent = (typeof managerEvents)[number];

/** What this proxy does not do (HTTP/3, overload management, internal redirects, soft drain): zero, as in an Envoy that is not told to. */
const notDone = [
  'downstream_cx_http3_total',
  'downstream_cx_overload_disable_keepalive',
  'downstream_rq_http3_total',
  'downstream_rq_overload_close',
  'downstream_rq_rejected_via_ip_detection',
  'downstream_rq_too_many_premature_resets',
  'passthrough_internal_redirect_bad_location',
  'passthrough_internal_redirect_no_route',
  'passthrough_internal_redirect_predicate',
  'passthrough_internal_redirect_too_many_redirects',
  'passthrough_internal_redirect_unsafe_scheme',
  'rq_overload_local_reply',
  'rq_redirect',
  'tracing.health_check',
];

const nothing = (): number => 0;

/** What every connection manager shows. */
export const managerStats: DeclaredStats<CountedManager> = {
  counters: [...managerEvents, ...notDone],
  gauges: {
    downstream_cx_active: ({ active }) => active.http1 + active.http2,
    downstream_cx_http1_active: ({ active }) => active.http1,
    downstream_cx_http1_soft_drain: nothing,
    downstream_cx_http2_active: ({ active }) => active.http2,
    downstream_cx_http3_active: nothing,
    // Reads are handled in the callback that brings them: nothing of them waits.
    downstream_cx_rx_bytes_buffered: nothing,
    downstream_cx_ssl_active: ({ active }) => active.tls,
    downstream_cx_tx_bytes_buffered: ({ queuedBytes }) => queuedBytes,
    downstream_cx_upgrades_active: ({ active }) => active.upgrades,
    downstream_rq_active: ({ active }) => active.requests,
  },
};

/** What a connection manager shows before its first connection. */
export const unusedManagerStats: DeclaredStats<null> = {
  counters: [
    ...(managerStats.counters ?? []),
    'downstream_cx_total',
    ...connectionStatNames('downstream', 'active_rq'),
    'downstream_rq_completed',
    ...[1, 2, 3, 4, 5].map((digit) => `downstream_rq_${digit}xx`),
    'downstream_rq_http1_total',
    'downstream_rq_http2_total',
    'downstream_rq_total',
    'rq_total',
  ],
  gauges: Object.fromEntries(Object.keys(managerStats.gauges ?? {}).map((name) => [name, nothing])),
  histograms: ['downstream_cx_length_ms', 'downstream_rq_time'],
};

/** What a request's end counts, by Envoy's details of its response. */
export const eventByDetails: ReadonlyMap<string, ManagerEvent> = new Map([
  ['absolute_path_rejected', 'downstream_rq_non_relative_path'],
  ['max_duration_timeout', 'downstream_rq_max_duration_reached'],
  ['request_header_timeout', 'downstream_rq_header_timeout'],
  ['request_overall_timeout', 'downstream_rq_timeout'],
  ['request_payload_too_large', 'downstream_rq_too_large'],
  ['response_payload_too_large', 'rs_too_large'],
  ['stream_idle_timeout', 'downstream_rq_idle_timeout'],
  ['upgrade_failed', 'downstream_rq_ws_on_non_ws_route'],
]);
