import type { Resume } from '@weft/core/engine/decision';
import type { ExchangeView } from './exchange-view.ts';

/** Holds a request until its body is whole; one of more than `maxBytes` is refused (Envoy's buffer filter). */
export async function gatherBody(exchange: ExchangeView, maxBytes: number): Promise<Resume['result']> {
  const { bytes, isWhole } = await exchange.bodyUpTo(maxBytes + 1);
  if (!isWhole || bytes.length > maxBytes) return payloadTooLarge;
  const { headers } = exchange.head;
  // What was chunked has a known length now.
  const hasLength = headers.get('content-length') !== undefined;
  const headerChanges = hasLength ? [] : [{ op: 'set' as const, name: 'content-length', value: String(bytes.length) }];
  return { kind: 'pass', headerChanges, responseHeaders: [], metadata: {}, clearRoute: false, requestPrincipal: '' };
}

/** What becomes of a request whose body does not fit where all of it is needed. */
export const payloadTooLarge: Resume['result'] = {
  kind: 'deny',
  status: 413,
  body: 'Payload Too Large',
  headers: [],
  flag: '',
  details: 'request_payload_too_large',
  grpcStatus: null,
};
