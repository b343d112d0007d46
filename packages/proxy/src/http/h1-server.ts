import type { Http1OptionsPlan } from '@weft/core/plan/cluster-plan';
import type { Connection, ConnectionOwner } from '../io/connection.ts';
import { type ChunkConsumer, ChunkDecoder } from './h1-chunks.ts';
import { isHeadTooLarge } from './h1-fields.ts';
import { type Framing, framing, H1Head, type HeadError, type HeadLimits, headErrors } from './h1-head.ts';
import { parseRequestHead, parseTrailers } from './h1-parse.ts';
import { type AnsweredRequest, H1ResponseHeads } from './h1-response.ts';
import { H1Writer } from './h1-writer.ts';
import { headerLines } from './header-case.ts';
import type { Headers } from './headers.ts';
import type { DownstreamEvents, DownstreamStream, HttpProtocol } from './stream.ts';

/** What an HTTP/1.1 server connection needs from the connection manager above it. */
export interface H1ServerHost {
  readonly headLimits: HeadLimits;
  readonly http1: Http1OptionsPlan;
  /** How long a connection whose client still sends is kept for it to read the answer; 0 not at all. */
  readonly delayedCloseMs: number;
  /** A request head arrived. Answers the exchange that takes it; `end` when it has no body. */
  onRequest(connection: H1Server, head: H1Head, end: boolean): DownstreamEvents;
  /** A head was refused; the answer is the connection manager's to make. */
  onBadRequest(connection: H1Server, error: HeadError): void;
  /** A request head has begun and is not complete. */
  onHeadBegun(connection: H1Server): void;
  onConnectionIdle(connection: H1Server): void;
  onConnectionClosed(connection: H1Server): void;
}

/** Largest number of bytes held of pipelined requests while a response is under way. */
const maxPipelinedBytes = 1024 * 1024;

/** The server side of one HTTP/1.x connection: frames requests, holds pipelined ones back, writes responses. */
export class H1Server implements ConnectionOwner, DownstreamStream, ChunkConsumer, AnsweredRequest {
  readonly connection: Connection;
  readonly isGrpcWeb = false;
  isDraining = false;
  /** The connection ended while a request was under way. */
  isCutOff = false;
  requestCount = 0;
  wireBytesReceived = 0;
  /** Of the current request. */
  isHead = false;
  minorVersion = 1;
  upgrade = '';
  #host: H1ServerHost;
  #writer: H1Writer;
  #heads: H1ResponseHeads;
  #head: H1Head;
  #exchange: DownstreamEvents | null = null;
  #chunks: ChunkDecoder | null = null;
  #trailerHead: H1Head | null = null;
  #held: Buffer | null = null;
  #searchedBytes = 0;
  #requestFraming: Framing = framing.none;
  #bodyLeft = 0;
  #isRequestDone = true;
  #isResponseDone = true;
  #closes = false;
  #isConnect = false;
  #isTunnel = false;
  #isPaused = false;
  #isPausedByExchange = false;
  #isInRead = false;
  #hasEnded = false;
  #isFinished = false;

  constructor(connection: Connection, host: H1ServerHost) {
    this.connection = connection;
    this.#host = host;
    this.#writer = new H1Writer(connection);
    this.#heads = new H1ResponseHeads(this.#writer, host.http1);
    this.#head = new H1Head(host.headLimits);
    connection.owner = this;
  }

  get protocol(): HttpProtocol {
    return this.minorVersion === 0 ? 'HTTP/1.0' : 'HTTP/1.1';
  }

  get wireBytesSent(): number {
    return this.#writer.wireBytes;
  }

  get isIdle(): boolean {
    return this.#exchange === null;
  }

  /** True once part of a request head has arrived. */
  get hasPartialHead(): boolean {
    return this.#exchange === null && this.#held !== null;
  }

  // --- bytes from the client

  onData(bytes: Buffer, length: number): void {
    if (this.#isFinished) return;
    this.#isInRead = true;
    this.#read(bytes, length);
    this.#isInRead = false;
    const exchange = this.#exchange;
    if (exchange !== null) exchange.onReadEnd();
  }

  onEnd(): void {
    this.#hasEnded = true;
    const exchange = this.#exchange;
    if (exchange === null) {
      this.connection.end();
      return;
    }
    // HTTP/1.1 has no half-close in Envoy: who ends what he sends is gone, and nothing is done for him any longer.
    this.connection.destroy();
  }

  onDrain(): void {
    this.#exchange?.onDownstreamDrain();
  }

  onClose(): void {
    this.#isFinished = true;
    const exchange = this.#exchange;
    this.isCutOff = exchange !== null;
    this.#exchange = null;
    exchange?.onDownstreamReset(null);
    this.#host.onConnectionClosed(this);
  }

  // --- the response, from the exchange

  sendInformational(status: number, headers: Headers): void {
    if (this.#isFinished || this.minorVersion === 0) return;
    this.#writer.text(this.#heads.informational(status, headers));
  }

  sendHead(status: number, headers: Headers, end: boolean): void {
    if (this.#isFinished) return;
    this.#isTunnel &&= status === 101 || (status >= 200 && status < 300 && this.#isConnect);
    const text = this.#isTunnel ? this.#tunnelHead(status, headers) : this.#answerHead(status, headers, end);
    if (!end) {
      this.#writer.holdHead(text);
      return;
    }
    this.#writer.text(text);
    this.#responseDone();
  }

  sendData(bytes: Buffer, from: number, to: number, end: boolean): boolean {
    if (this.#isFinished) return true;
    let goOn = true;
    if (this.isHead) this.flush();
    else goOn = this.#writer.body(bytes, from, to, end);
    if (end) this.#responseDone();
    return goOn;
  }

  sendTrailers(trailers: Headers): void {
    if (this.#isFinished) return;
    const { enableTrailers, headerCase } = this.#host.http1;
    if (this.isHead) this.flush();
    else this.#writer.trailers(enableTrailers ? headerLines(trailers, headerCase) : '');
    this.#responseDone();
  }

  flush(): void {
    this.#writer.flush();
  }

  abort(): void {
    this.#isFinished = true;
    this.#writer.drop();
    this.connection.reset();
  }

  pause(): void {
    this.#isPausedByExchange = true;
    this.#updateReading();
  }

  resume(): void {
    this.#isPausedByExchange = false;
    this.#updateReading();
  }

  closeAfterResponse(): void {
    this.#closes = true;
  }

  /** Turns the request into a byte tunnel (upgrade, CONNECT): what follows is payload until either side ends. */
  startTunnel(): void {
    this.#isTunnel = true;
    this.#requestFraming = framing.untilClose;
    this.#isRequestDone = false;
  }

  /** Ends the wait for a head that does not get complete. */
  giveUpHead(error: HeadError): void {
    if (this.hasPartialHead) this.#refuse(error);
  }

  get hasReceived(): boolean {
    return this.connection.bytesRead > 0;
  }

  announceDrain(): void {
    this.isDraining = true;
  }

  /** Closes the connection once nothing is under way. */
  drain(): void {
    this.isDraining = true;
    if (this.#exchange === null && this.#held === null) this.connection.end();
  }

  onChunkData(bytes: Buffer, from: number, to: number): void {
    this.#exchange?.onRequestData(bytes, from, to, false);
  }

  onChunksEnd(trailers: Buffer): boolean {
    this.#isRequestDone = true;
    const exchange = this.#exchange;
    if (trailers.length <= 2) {
      exchange?.onRequestData(noBytes, 0, 0, true);
      return true;
    }
    this.#trailerHead ??= new H1Head({ ...this.#host.headLimits, underscores: 'ALLOW' });
    const head = this.#trailerHead;
    if (parseTrailers(trailers, 0, trailers.length, head) !== trailers.length) return false;
    if (this.#host.http1.enableTrailers) exchange?.onRequestTrailers(head.headers);
    else exchange?.onRequestData(noBytes, 0, 0, true);
    return true;
  }

  #read(received: Buffer, receivedLength: number): void {
    let bytes = received;
    let end = receivedLength;
    if (this.#held !== null) {
      bytes = Buffer.concat([this.#held, received.subarray(0, receivedLength)]);
      end = bytes.length;
      this.#held = null;
    }
    let p = 0;
    while (p < end && !this.#isFinished) {
      if (this.#exchange === null) {
        const after = this.#readHead(bytes, p, end);
        if (after < 0) return;
        p = after;
      } else if (this.#isRequestDone) {
        this.#hold(bytes, p, end);
        return;
      } else {
        const after = this.#readBody(bytes, p, end);
        if (after < 0) return;
        this.wireBytesReceived += after - p;
        p = after;
      }
    }
  }

  #readHead(bytes: Buffer, from: number, end: number): number {
    // Empty lines before a request line are to be skipped (RFC 9112 section 2.2).
    let p = from;
    while (p + 1 < end && bytes[p] === 13 && bytes[p + 1] === 10) p += 2;
    if (p >= end) return end;
    if (this.#searchedBytes > 0 && !this.#isHeadComplete(bytes, p, end)) {
      if (isHeadTooLarge(end - p, this.#host.headLimits)) this.#refuse(headErrors.headTooLarge);
      else this.#holdHead(bytes, p, end);
      return -1;
    }
    const after = parseRequestHead(bytes, p, end, this.#head);
    if (after < 0) {
      this.#refuse(this.#head.error);
      return -1;
    }
    if (after === 0) {
      this.#holdHead(bytes, p, end);
      return -1;
    }
    this.#searchedBytes = 0;
    this.wireBytesReceived = after - p;
    this.#writer.wireBytes = 0;
    this.#startRequest();
    return after;
  }

  /** Looks for the empty line from where the last search ended, so that a head in many packets is not parsed each time. */
  #isHeadComplete(bytes: Buffer, from: number, end: number): boolean {
    const at = bytes.subarray(0, end).indexOf('\r\n\r\n', Math.max(from, from + this.#searchedBytes - 3), 'latin1');
    return at >= 0;
  }

  #holdHead(bytes: Buffer, from: number, end: number): void {
    if (this.#searchedBytes === 0) this.#host.onHeadBegun(this);
    this.#searchedBytes = end - from;
    this.#held = Buffer.from(bytes.subarray(from, end));
  }

  #startRequest(): void {
    const head = this.#head;
    this.requestCount++;
    this.minorVersion = head.minorVersion;
    this.isHead = head.method === 'HEAD';
    this.#isConnect = head.method === 'CONNECT';
    this.upgrade = head.upgrade ?? '';
    this.#isTunnel = false;
    this.#closes = head.minorVersion === 1 ? head.wantsClose : !head.wantsKeepAlive;
    this.#isResponseDone = false;
    this.#requestFraming = head.isChunked ? framing.chunked : head.contentLength > 0 ? framing.length : framing.none;
    this.#bodyLeft = head.contentLength;
    this.#isRequestDone = this.#requestFraming === framing.none;
    if (this.#requestFraming === framing.chunked) {
      this.#chunks ??= new ChunkDecoder();
      this.#chunks.reset();
    }
    const exchange = this.#host.onRequest(this, head, this.#isRequestDone && !this.#isTunnel);
    // The exchange may have answered already.
    if (!this.#isResponseDone) this.#exchange = exchange;
    else this.#afterExchange();
  }

  #readBody(bytes: Buffer, from: number, end: number): number {
    const exchange = this.#exchange;
    if (exchange === null) return -1;
    switch (this.#requestFraming) {
      case framing.length: {
        const to = Math.min(end, from + this.#bodyLeft);
        this.#bodyLeft -= to - from;
        this.#isRequestDone = this.#bodyLeft === 0;
        exchange.onRequestData(bytes, from, to, this.#isRequestDone);
        return to;
      }
      case framing.chunked: {
        const after = this.#chunks?.decode(bytes, from, end, this) ?? -1;
        if (after >= 0) return after;
        this.#refuse({ status: 400, details: 'http1.codec_error' });
        return -1;
      }
      default:
        exchange.onRequestData(bytes, from, end, false);
        return end;
    }
  }

  #hold(bytes: Buffer, from: number, end: number): void {
    this.#held = Buffer.from(bytes.subarray(from, end));
    if (this.#held.length > maxPipelinedBytes) this.connection.destroy();
    else this.#updateReading();
  }

  #refuse(error: HeadError): void {
    const exchange = this.#exchange;
    this.#closes = true;
    this.#held = null;
    if (exchange === null) {
      this.#host.onBadRequest(this, error);
      this.#isFinished = true;
      this.#isRequestDone = false;
      this.#closeGently();
    } else {
      // The body's framing broke while a request is under way: no further byte of this connection can be trusted.
      this.#isRequestDone = false;
      exchange.onDownstreamError(error.details);
      this.#isFinished = true;
    }
  }

  #tunnelHead(status: number, headers: Headers): string {
    this.#closes = true;
    return this.#heads.tunnel(status, headers, this);
  }

  #answerHead(status: number, headers: Headers, end: boolean): string {
    const framingLines = this.#heads.frame(status, headers, end, this);
    // As Envoy: an answer before the request is complete ends the connection, for nobody wants to read the rest.
    this.#closes ||= this.isDraining || !this.#isRequestDone || this.#writer.framing === framing.untilClose;
    return this.#heads.answer(status, headers, framingLines, this, this.#closes);
  }

  #responseDone(): void {
    this.flush();
    this.#isResponseDone = true;
    if (this.#exchange !== null) this.#afterExchange();
  }

  #afterExchange(): void {
    this.#exchange = null;
    if (this.#closes || !this.#isRequestDone || this.#hasEnded || this.isDraining) {
      this.#isFinished = true;
      this.#closeGently();
      return;
    }
    this.#isPausedByExchange = false;
    this.#host.onConnectionIdle(this);
    const held = this.#held;
    if (held === null || this.#isInRead) {
      this.#updateReading();
      return;
    }
    this.#held = null;
    // Not from within the response's stack: a long pipeline would recurse.
    setImmediate(() => {
      this.#updateReading();
      this.onData(held, held.length);
    });
  }

  /** Sends FIN and gives the client a moment to read the answer: closing with unread bytes would send RST and lose it. */
  #closeGently(): void {
    const connection = this.connection;
    connection.end();
    const { delayedCloseMs } = this.#host;
    if (this.#isRequestDone || delayedCloseMs === 0) return;
    connection.resume();
    const timer = setTimeout(() => connection.destroy(), delayedCloseMs);
    timer.unref();
  }

  #updateReading(): void {
    const shouldPause = this.#isPausedByExchange || (this.#held !== null && this.#exchange !== null);
    if (shouldPause === this.#isPaused) return;
    this.#isPaused = shouldPause;
    if (shouldPause) this.connection.pause();
    else this.connection.resume();
  }
}

const noBytes = Buffer.alloc(0);
