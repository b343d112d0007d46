import type { H2Counts, H2Event } from '../http/h2-counts.ts';
import type { DeclaredStats, Registry } from './registry.ts';
import type { StatScope } from './stat-scope.ts';

/** What codecs of HTTP/2 count; `stream_refused_errors` and `metadata_empty_frames` are of what nobody asks this proxy for. */
const counters: readonly (H2Event | 'metadata_empty_frames' | 'stream_refused_errors')[] = [
  'dropped_headers_with_underscores',
  'goaway_sent',
  'header_overflow',
  'headers_cb_no_stream',
  'inbound_empty_frames_flood',
  'inbound_priority_frames_flood',
  'inbound_window_update_frames_flood',
  'keepalive_timeout',
  'metadata_empty_frames',
  'outbound_control_flood',
  'outbound_flood',
  'requests_rejected_with_underscores_in_headers',
  'rx_messaging_error',
  'rx_reset',
  'stream_refused_errors',
  'trailers',
  'tx_flush_timeout',
  'tx_reset',
];

const http2CodecStats: DeclaredStats<Http2Stats> = {
  counters: counters.map((name) => `http2.${name}`),
  gauges: {
    'http2.deferred_stream_close': () => 0,
    'http2.outbound_control_frames_active': () => 0,
    'http2.outbound_frames_active': () => 0,
    'http2.pending_send_bytes': ({ queuedBytes }) => queuedBytes,
    'http2.streams_active': ({ activeStreams }) => activeStreams,
  },
};

/** What the HTTP/2 connections of one cluster, or those of all clients, count under Envoy's names. */
export class Http2Stats implements H2Counts {
  activeStreams = 0;
  queuedBytes = 0;
  readonly #registry: Registry;
  readonly #scope: StatScope;

  constructor(registry: Registry, scope: StatScope) {
    this.#registry = registry;
    this.#scope = scope;
    registry.declare(scope, http2CodecStats, this);
  }

  count(event: H2Event): void {
    this.#registry.counter(this.#scope, `http2.${event}`).value++;
  }
}
