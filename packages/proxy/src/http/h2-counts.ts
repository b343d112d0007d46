/** What HTTP/2 connections count of what goes wrong or ends on them, by Envoy's names. */
export type H2Event =
  | 'dropped_headers_with_underscores'
  | 'goaway_sent'
  | 'header_overflow'
  | 'headers_cb_no_stream'
  | 'inbound_empty_frames_flood'
  | 'inbound_priority_frames_flood'
  | 'inbound_window_update_frames_flood'
  | 'keepalive_timeout'
  | 'outbound_control_flood'
  | 'outbound_flood'
  | 'requests_rejected_with_underscores_in_headers'
  | 'rx_messaging_error'
  | 'rx_reset'
  | 'trailers'
  | 'tx_flush_timeout'
  | 'tx_reset';

/** Where HTTP/2 connections that belong together count. */
export interface H2Counts {
  /** Streams open now. */
  activeStreams: number;
  count(event: H2Event): void;
}
