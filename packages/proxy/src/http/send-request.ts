import { localAddress } from '../io/local-address.ts';
import type { Attempt } from './attempt.ts';
import type { BodyBuffer } from './body-buffer.ts';
import type { ExchangeRecord } from './exchange-record.ts';

/** What sending a request needs of its exchange. */
export interface SentExchange extends ExchangeRecord {
  /** What is held of the request's body. */
  readonly body: BodyBuffer;
}

/** Sends to an upstream that is there what is known of the request by now: its head, and what is held of its body. */
export function sendRequest(exchange: SentExchange, attempt: Attempt, tellsAttempts: boolean): void {
  const { stream, client } = attempt;
  if (stream === null) return;
  const { body, head, isRequestDone } = exchange;
  exchange.reached(attempt.host);
  exchange.upstreamProtocol = stream.protocol;
  exchange.poolReadyMs = attempt.waitedMs;
  const connection = client?.connection ?? null;
  exchange.upstreamConnection = connection;
  if (connection !== null) {
    exchange.upstreamSentBefore = connection.bytesWritten;
    exchange.upstreamReceivedBefore = connection.bytesRead;
    // Remembered for logs that are written after the connection is gone.
    localAddress(connection.socket);
  }
  exchange.upstreamPrincipal = client?.peerUri ?? '';
  exchange.localPrincipal = client?.localUri ?? '';
  const hasBody = body.length > 0 || body.trailers !== null || exchange.cameWithBody;
  exchange.span?.inject(head.headers);
  if (tellsAttempts) head.headers.set('x-envoy-attempt-count', String(exchange.attemptCount));
  stream.sendHead(head, isRequestDone && !hasBody);
  if (!hasBody) return;
  const trailers = isRequestDone ? body.trailers : null;
  body.each((chunk, isLast) => stream.sendData(chunk, 0, chunk.length, isLast && isRequestDone && trailers === null));
  if (trailers !== null) stream.sendTrailers(trailers);
  else if (isRequestDone && body.length === 0) stream.sendData(noBytes, 0, 0, true);
  body.forgetUnlessKept();
  if (!isRequestDone) exchange.downstream.resume();
}

const noBytes = Buffer.alloc(0);
