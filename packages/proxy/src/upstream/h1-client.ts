import type { CommonHttpOptionsPlan, Http1OptionsPlan } from '@weft/core/plan/cluster-plan';
import { type ChunkConsumer, ChunkDecoder } from '../http/h1-chunks.ts';
import { isHeadTooLarge } from '../http/h1-fields.ts';
import { type Framing, framing, H1Head, type HeadLimits } from '../http/h1-head.ts';
import { parseResponseHead, parseTrailers } from '../http/h1-parse.ts';
import { requestFraming, requestHead } from '../http/h1-request-head.ts';
import { H1Writer } from '../http/h1-writer.ts';
import { headerLines } from '../http/header-case.ts';
import type { Headers } from '../http/headers.ts';
import type { HttpProtocol, RequestHead, ResetReason, UpstreamEvents, UpstreamStream } from '../http/stream.ts';
import type { Connection, ConnectionOwner } from '../io/connection.ts';
import type { OpenedConnection } from './transport.ts';

/** What an HTTP/1.1 client connection reports to its pool. */
export interface H1ClientPool {
  /** The exchange is over and the connection can serve another. */
  onReusable(client: H1Client): void;
  onClosed(client: H1Client): void;
}

/** The client side of one HTTP/1.1 connection: one request at a time. */
export class H1Client implements ConnectionOwner, UpstreamStream, ChunkConsumer {
  readonly protocol: HttpProtocol = 'HTTP/1.1';
  readonly connection: Connection;
  requestCount = 0;
  /** Milliseconds (monotonic) when the connection was begun, and when it was there. */
  startedAt = 0;
  openedAt = 0;
  /** Milliseconds (monotonic) when it last became idle. */
  idleSince = 0;
  #pool: H1ClientPool;
  #events: UpstreamEvents | null = null;
  #options: Http1OptionsPlan;
  #limits: HeadLimits;
  #writer: H1Writer;
  #head: H1Head;
  #chunks: ChunkDecoder | null = null;
  #trailerHead: H1Head | null = null;
  #hasTrailers = false;
  #partial: Buffer | null = null;
  #responseFraming: Framing = framing.none;
  #bodyLeft = 0;
  #isHeadDone = false;
  #isRequestDone = true;
  #isResponseDone = true;
  #isHeadRequest = false;
  #isConnect = false;
  #upgrade: string | null = null;
  #isTunnel = false;
  #keepAlive = true;
  #hasReceived = false;
  #isClosed = false;

  readonly peerUri: string;
  readonly localUri: string;

  constructor(opened: OpenedConnection, pool: H1ClientPool, options: Http1OptionsPlan, common: CommonHttpOptionsPlan) {
    const { connection } = opened;
    this.#options = options;
    this.#limits = {
      maxBytes: common.maxResponseHeadersKb * 1024,
      maxFields: common.maxHeadersCount,
      allowsChunkedLength: options.allowChunkedLength,
      underscores: 'ALLOW',
      keepsCase: options.headerCase === 'preserve',
    };
    this.#writer = new H1Writer(connection);
    this.#head = new H1Head(this.#limits);
    this.peerUri = opened.peer?.uri ?? '';
    this.localUri = opened.localUri;
    this.connection = connection;
    this.#pool = pool;
    connection.owner = this;
  }

  /** What the last response's `Keep-Alive: timeout=` says; 0 without. */
  get announcedKeepAliveMs(): number {
    const timeout = /(?:^|[,; ])timeout=(\d{1,6})/i.exec(this.#head.keepAlive);
    return timeout === null ? 0 : Number(timeout[1]) * 1000;
  }

  get isIdle(): boolean {
    return this.#events === null;
  }

  /** Whether a response is still to come, or to end. */
  get isAwaited(): boolean {
    return !this.#isResponseDone;
  }

  /** True when this connection had served before and nothing came back for the current request. */
  get isKeepAliveRace(): boolean {
    return this.requestCount > 1 && !this.#hasReceived;
  }

  begin(events: UpstreamEvents): void {
    this.#events = events;
    this.requestCount++;
    this.#hasReceived = false;
    this.#isHeadDone = false;
    this.#isResponseDone = false;
    this.#isTunnel = false;
    this.#keepAlive = true;
  }

  sendHead(head: RequestHead, end: boolean): void {
    this.#isHeadRequest = head.method === 'HEAD';
    this.#isConnect = head.method === 'CONNECT';
    this.#upgrade = head.upgrade;
    const writer = this.#writer;
    writer.framing = requestFraming(head, end);
    const text = requestHead(head, writer.framing, this.#options);
    this.#isRequestDone = end && head.upgrade === null && !this.#isConnect;
    if (this.#isRequestDone) writer.text(text);
    else writer.holdHead(text);
  }

  sendData(bytes: Buffer, from: number, to: number, end: boolean): boolean {
    if (end) this.#isRequestDone = true;
    const goOn = this.#writer.body(bytes, from, to, end);
    if (end) this.#requestDone();
    return goOn;
  }

  sendTrailers(trailers: Headers): void {
    this.#isRequestDone = true;
    const { enableTrailers, headerCase } = this.#options;
    this.#writer.trailers(enableTrailers ? headerLines(trailers, headerCase) : '');
    this.#requestDone();
  }

  flush(): void {
    this.#writer.flush();
  }

  abort(): void {
    this.#events = null;
    this.#close();
  }

  pause(): void {
    this.connection.pause();
  }

  resume(): void {
    this.connection.resume();
  }

  // --- bytes from the upstream

  onData(received: Buffer, receivedLength: number): void {
    const events = this.#events;
    if (events === null) {
      // Bytes on an idle connection belong to no request: the peers disagree, never use it again.
      this.#close();
      return;
    }
    this.#hasReceived = true;
    let bytes = received;
    let end = receivedLength;
    if (this.#partial !== null) {
      bytes = Buffer.concat([this.#partial, received.subarray(0, receivedLength)]);
      end = bytes.length;
      this.#partial = null;
    }
    this.#read(bytes, end);
    events.onReadEnd();
  }

  onEnd(): void {
    const events = this.#events;
    if (events !== null && this.#isHeadDone && !this.#isResponseDone && this.#responseFraming === framing.untilClose) {
      this.#keepAlive = false;
      this.#finishResponse(events, noBytes, 0, 0);
      events.onReadEnd();
    }
    if (events !== null && this.#isHeadDone && !this.#isResponseDone && !this.#isTunnel) this.#fail('protocolError');
    else if (!this.#isTunnel || this.#isRequestDone) this.#close();
  }

  onDrain(): void {
    this.#events?.onUpstreamDrain();
  }

  onClose(): void {
    this.#close();
  }

  onChunkData(bytes: Buffer, from: number, to: number): void {
    this.#events?.onResponseData(bytes, from, to, false);
  }

  onChunksEnd(trailers: Buffer): boolean {
    if (trailers.length > 2) {
      this.#trailerHead ??= new H1Head(this.#limits);
      if (parseTrailers(trailers, 0, trailers.length, this.#trailerHead) !== trailers.length) return false;
      this.#hasTrailers = this.#options.enableTrailers;
    }
    return true;
  }

  #read(bytes: Buffer, end: number): void {
    let p = 0;
    while (!this.#isHeadDone) {
      const events = this.#events;
      if (events === null || p >= end) return;
      const after = parseResponseHead(bytes, p, end, this.#head);
      if (after < 0 || (after === 0 && isHeadTooLarge(end - p, this.#limits))) {
        this.#fail('protocolError');
        return;
      }
      if (after === 0) {
        this.#partial = Buffer.from(bytes.subarray(p, end));
        return;
      }
      p = after;
      if (this.#isInformational()) events.onInformational(this.#head.status, this.#head.headers);
      else this.#startResponse(events, p, end);
    }
    if (this.#events !== null && !this.#isResponseDone) this.#readBody(bytes, p, end);
  }

  #isInformational(): boolean {
    const status = this.#head.status;
    return status < 200 && !(status === 101 && this.#upgrade !== null);
  }

  #startResponse(events: UpstreamEvents, at: number, end: number): void {
    const head = this.#head;
    this.#isHeadDone = true;
    if (head.minorVersion === 1 ? head.wantsClose : !head.wantsKeepAlive) this.#keepAlive = false;
    this.#frame(head);
    const isEmpty = this.#responseFraming === framing.none || (this.#responseFraming === framing.length && head.contentLength === 0);
    if (!isEmpty) {
      events.onResponseHead(head.status, head.headers, false);
      return;
    }
    if (end > at) this.#keepAlive = false;
    this.#isResponseDone = true;
    this.#events = null;
    this.#releaseWhenDone();
    events.onResponseHead(head.status, head.headers, true);
  }

  #frame(head: H1Head): void {
    this.#bodyLeft = head.contentLength;
    if (head.status === 101 || (this.#isConnect && head.status >= 200 && head.status < 300)) {
      this.#isTunnel = true;
      this.#keepAlive = false;
      this.#responseFraming = framing.untilClose;
    } else if (this.#isHeadRequest || head.status === 204 || head.status === 304) this.#responseFraming = framing.none;
    else if (head.isChunked) {
      this.#chunks ??= new ChunkDecoder();
      this.#chunks.reset();
      this.#responseFraming = framing.chunked;
    } else if (head.contentLength >= 0) this.#responseFraming = framing.length;
    else {
      this.#responseFraming = framing.untilClose;
      this.#keepAlive = false;
    }
  }

  #readBody(bytes: Buffer, from: number, end: number): void {
    const events = this.#events;
    if (events === null || from >= end) return;
    if (this.#responseFraming === framing.length) {
      const to = Math.min(end, from + this.#bodyLeft);
      this.#bodyLeft -= to - from;
      if (this.#bodyLeft > 0) {
        events.onResponseData(bytes, from, to, false);
        return;
      }
      if (to < end) this.#keepAlive = false;
      this.#finishResponse(events, bytes, from, to);
    } else if (this.#responseFraming === framing.chunked) {
      const chunks = this.#chunks;
      const after = chunks?.decode(bytes, from, end, this) ?? -1;
      if (after < 0) this.#fail('protocolError');
      else if (chunks?.isDone === true && this.#events !== null) {
        if (after < end) this.#keepAlive = false;
        this.#finishResponse(events, noBytes, 0, 0);
      }
    } else events.onResponseData(bytes, from, end, false);
  }

  #finishResponse(events: UpstreamEvents, bytes: Buffer, from: number, to: number): void {
    this.#isResponseDone = true;
    this.#events = null;
    const trailers = this.#hasTrailers ? this.#trailerHead : null;
    this.#hasTrailers = false;
    this.#releaseWhenDone();
    if (trailers === null) events.onResponseData(bytes, from, to, true);
    else events.onResponseTrailers(trailers.headers);
  }

  /** Before the last event is told, so that a request made in answer to it finds this connection idle. */
  #releaseWhenDone(): void {
    if (this.#isRequestDone) this.#release();
    // The upstream answered before it had the whole request: what is left cannot be sent to anybody else.
    else this.#keepAlive = false;
  }

  #release(): void {
    if (this.#isClosed) return;
    if (this.#keepAlive && this.connection.isOpen) this.#pool.onReusable(this);
    else this.#close();
  }

  #fail(reason: ResetReason): void {
    const events = this.#events;
    this.#events = null;
    this.#close();
    events?.onUpstreamReset(reason);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.connection.destroy();
    const events = this.#events;
    this.#events = null;
    this.#pool.onClosed(this);
    events?.onUpstreamReset('connectionTermination');
  }

  #requestDone(): void {
    this.flush();
    if (this.#writer.framing === framing.untilClose) this.connection.end();
    if (this.#isResponseDone) this.#release();
  }
}

const noBytes = Buffer.alloc(0);
