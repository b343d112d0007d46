import type { Headers } from './headers.ts';
import type { LocalReply } from './local-reply.ts';
import type { SentExchange } from './send-request.ts';

/** What the router needs of the exchange it works for. */
export interface RoutedExchange extends SentExchange {
  /** Whether the downstream codec is in its read callback, at whose end it flushes. */
  readonly isInRead: boolean;
  reply(reply: LocalReply): void;
  breakOff(): void;
  /** The upstream's response, which may not be taken back; `serviceTimeMs` since the request was whole, null before. */
  onResponseHead(status: number, headers: Headers, serviceTimeMs: number | null, end: boolean): void;
  /** Answers false when the upstream should pause. */
  onResponseData(bytes: Buffer, from: number, to: number, end: boolean): boolean;
  onResponseTrailers(trailers: Headers): void;
  finish(): void;
}
