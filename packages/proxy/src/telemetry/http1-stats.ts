import type { DeclaredStats } from './registry.ts';

/** What codecs of HTTP/1.1 count, once there is one. */
export const http1CodecStats: DeclaredStats<null> = {
  counters: [
    'http1.dropped_headers_with_underscores',
    'http1.metadata_not_supported_error',
    'http1.requests_rejected_with_underscores_in_headers',
    'http1.response_flood',
  ],
};
