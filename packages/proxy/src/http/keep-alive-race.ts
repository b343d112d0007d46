import type { Attempt } from './attempt.ts';
import type { SentExchange } from './send-request.ts';
import type { ResetReason } from './stream.ts';

/** Whether a pooled connection was closed by its peer just as it was used, and repeating the request is harmless: that is nobody's failure. */
export function mayRepeatRace(exchange: SentExchange, attempt: Attempt, reason: ResetReason): boolean {
  if (attempt.hasResponse || reason !== 'connectionTermination' || !attempt.isKeepAliveRace) return false;
  const { head, requestBytes, body, isRequestDone } = exchange;
  return idempotent.has(head.method) && (requestBytes === 0 || (body.isKept && isRequestDone));
}

const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);
