import { type ChunkConsumer, ChunkDecoder } from './h1-chunks.ts';
import { type Framing, framing, H1Head, type HeadLimits } from './h1-head.ts';
import { parseTrailers } from './h1-parse.ts';
import type { DownstreamEvents } from './stream.ts';

/** Whose body it is. */
export interface RequestBodyOwner {
  /** What takes the body; null when the request has been answered for good. */
  readonly exchange: DownstreamEvents | null;
}

/** Finds the end of the bodies of requests on one HTTP/1.x connection, and hands what they hold to the exchange. */
export class H1RequestBody implements ChunkConsumer {
  /** The whole request is here. */
  isDone = true;
  readonly #owner: RequestBodyOwner;
  readonly #limits: HeadLimits;
  readonly #allowsTrailers: boolean;
  #framing: Framing = framing.none;
  #left = 0;
  #chunks: ChunkDecoder | null = null;
  #trailers: H1Head | null = null;

  /** `limits`: of trailers. */
  constructor(owner: RequestBodyOwner, limits: HeadLimits, allowsTrailers: boolean) {
    this.#owner = owner;
    this.#limits = limits;
    this.#allowsTrailers = allowsTrailers;
  }

  /** Begins the body of a request with this head, if it has one. */
  start(head: H1Head): void {
    this.#framing = head.isChunked ? framing.chunked : head.contentLength > 0 ? framing.length : framing.none;
    this.#left = head.contentLength;
    this.isDone = this.#framing === framing.none;
    if (this.#framing !== framing.chunked) return;
    this.#chunks ??= new ChunkDecoder();
    this.#chunks.reset();
  }

  /** All that follows is payload, until the connection ends. */
  startTunnel(): void {
    this.#framing = framing.untilClose;
    this.isDone = false;
  }

  /** Hands on what belongs to the body; answers the offset after it, or -1 when its framing is broken. */
  read(bytes: Buffer, from: number, end: number, exchange: DownstreamEvents): number {
    if (this.#framing === framing.length) {
      const to = Math.min(end, from + this.#left);
      this.#left -= to - from;
      this.isDone = this.#left === 0;
      exchange.onRequestData(bytes, from, to, this.isDone);
      return to;
    }
    if (this.#framing === framing.chunked) return this.#chunks?.decode(bytes, from, end, this) ?? -1;
    exchange.onRequestData(bytes, from, end, false);
    return end;
  }

  onChunkData(bytes: Buffer, from: number, to: number): void {
    this.#owner.exchange?.onRequestData(bytes, from, to, false);
  }

  onChunksEnd(trailers: Buffer): boolean {
    this.isDone = true;
    const { exchange } = this.#owner;
    if (trailers.length <= 2) {
      exchange?.onRequestData(noBytes, 0, 0, true);
      return true;
    }
    this.#trailers ??= new H1Head({ ...this.#limits, underscores: 'ALLOW' });
    const head = this.#trailers;
    if (parseTrailers(trailers, 0, trailers.length, head) !== trailers.length) return false;
    if (this.#allowsTrailers) exchange?.onRequestTrailers(head.headers);
    else exchange?.onRequestData(noBytes, 0, 0, true);
    return true;
  }
}

const noBytes = Buffer.alloc(0);
