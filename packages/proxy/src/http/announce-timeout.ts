import type { ForwardDecision, RequestTimeouts } from '@weft/core/engine/decision';
import { formatGrpcTimeout } from '@weft/core/engine/timeouts';
import type { ExchangeRecord } from './exchange-record.ts';
import type { Headers } from './headers.ts';

/** Tells the upstream how long the answer is waited for: what is left of the route's timeout, or of the try's. */
export function announceTimeout({ requestEndedAt, attemptCount, context, head }: ExchangeRecord, { timeouts }: ForwardDecision): void {
  const { routeMs, perTryMs } = timeouts;
  const elapsed = requestEndedAt === 0 || attemptCount === 1 ? 0 : context.now() - requestEndedAt;
  const left = routeMs > 0 ? Math.max(0, routeMs - Math.floor(elapsed)) : 0;
  const wait = perTryMs !== null && perTryMs > 0 && (left === 0 || perTryMs < left) ? perTryMs : left;
  if (timeouts.grpcHeader !== null) announceToGrpc(head.headers, timeouts, wait);
  if (wait > 0) head.headers.set('x-envoy-expected-rq-timeout-ms', String(wait));
}

function announceToGrpc(headers: Headers, { grpcHeader, maxStreamDurationMs }: RequestTimeouts, expectedMs: number): void {
  if (grpcHeader === 'none') headers.remove('grpc-timeout');
  else if (grpcHeader === 'stream') headers.set('grpc-timeout', formatGrpcTimeout(maxStreamDurationMs ?? 0));
  else if (expectedMs > 0) headers.set('grpc-timeout', formatGrpcTimeout(expectedMs));
}
