import type { Http1OptionsPlan } from '@weft/core/plan/cluster-plan';
import { closeWithin, delayedCloseMs } from '../io/close-within.ts';
import type { Connection, ConnectionOwner } from '../io/connection.ts';
import { isHeadTooLarge } from './h1-fields.ts';
import { framing, H1Head, type HeadError, type HeadLimits, headErrors } from './h1-head.ts';
import { H1HeldBytes } from './h1-held-bytes.ts';
import { parseRequestHead } from './h1-parse.ts';
import { H1RequestBody, type RequestBodyOwner } from './h1-request-body.ts';
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
export class H1Server implements ConnectionOwner, DownstreamStream, AnsweredRequest, RequestBodyOwner {
  readonly connection: Connection;
  readonly isGrpcWeb = false;
  /** What the current request is for; null between requests. */
  exchange: DownstreamEvents | null = null;
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
  #body: H1RequestBody;
  #held: H1HeldBytes = new H1HeldBytes();
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
    this.#body = new H1RequestBody(this, host.headLimits, host.http1.enableTrailers);
    connection.owner = this;
  }

  get protocol(): HttpProtocol {
    return this.minorVersion === 0 ? 'HTTP/1.0' : 'HTTP/1.1';
  }

  get wireBytesSent(): number {
    return this.#writer.wireBytes;
  }

  get isIdle(): boolean {
    return this.exchange === null;
  }

  /** True once part of a request head has arrived. */
  get hasPartialHead(): boolean {
    return this.exchange === null && !this.#held.isEmpty;
  }

  // --- bytes from the client

  onData(bytes: Buffer, length: number): void {
    if (this.#isFinished) return;
    this.#isInRead = true;
    this.#read(bytes, length);
    this.#isInRead = false;
    const exchange = this.exchange;
    if (exchange !== null) exchange.onReadEnd();
  }

  onEnd(): void {
    this.#hasEnded = true;
    const exchange = this.exchange;
    if (exchange === null) {
      this.connection.end();
      return;
    }
    // HTTP/1.1 has no half-close in Envoy: who ends what he sends is gone, and nothing is done for him any longer.
    this.connection.destroy();
  }

  onDrain(): void {
    this.exchange?.onDownstreamDrain();
  }

  onClose(): void {
    this.#isFinished = true;
    const exchange = this.exchange;
    this.isCutOff = exchange !== null;
    this.exchange = null;
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
    this.#body.startTunnel();
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
    if (this.exchange === null && this.#held.isEmpty) this.#closeGently();
  }

  #read(received: Buffer, receivedLength: number): void {
    let bytes = received;
    let end = receivedLength;
    const held = this.#held.take();
    if (held !== null) {
      bytes = Buffer.concat([held, received.subarray(0, receivedLength)]);
      end = bytes.length;
    }
    let p = 0;
    while (p < end && !this.#isFinished) {
      const { exchange } = this;
      let after: number;
      if (exchange === null) {
        after = this.#readHead(bytes, p, end);
        if (after < 0) return;
      } else if (this.#body.isDone) {
        this.#hold(bytes, p, end);
        return;
      } else {
        after = this.#body.read(bytes, p, end, exchange);
        if (after < 0) {
          this.#refuse(brokenBody);
          return;
        }
        this.wireBytesReceived += after - p;
      }
      p = after;
    }
  }

  #readHead(bytes: Buffer, from: number, end: number): number {
    // Empty lines before a request line are to be skipped (RFC 9112 section 2.2).
    let p = from;
    while (p + 1 < end && bytes[p] === 13 && bytes[p + 1] === 10) p += 2;
    if (p >= end) return end;
    if (this.#held.searchedBytes > 0 && !this.#held.isHeadComplete(bytes, p, end)) {
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
    this.#held.searchedBytes = 0;
    this.wireBytesReceived = after - p;
    this.#writer.wireBytes = 0;
    this.#startRequest();
    return after;
  }

  #holdHead(bytes: Buffer, from: number, end: number): void {
    if (this.#held.searchedBytes === 0) this.#host.onHeadBegun(this);
    this.#held.holdHead(bytes, from, end);
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
    this.#body.start(head);
    const exchange = this.#host.onRequest(this, head, this.#body.isDone && !this.#isTunnel);
    // The exchange may have answered already.
    if (!this.#isResponseDone) this.exchange = exchange;
    else this.#afterExchange();
  }

  #hold(bytes: Buffer, from: number, end: number): void {
    this.#held.hold(bytes, from, end);
    if (this.#held.length > maxPipelinedBytes) this.connection.destroy();
    else this.#updateReading();
  }

  #refuse(error: HeadError): void {
    const exchange = this.exchange;
    this.#closes = true;
    this.#held.take();
    if (exchange === null) {
      this.#host.onBadRequest(this, error);
      this.#isFinished = true;
      this.#body.isDone = false;
      this.#closeGently();
    } else {
      // The body's framing broke while a request is under way: no further byte of this connection can be trusted.
      this.#body.isDone = false;
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
    this.#closes ||= this.isDraining || !this.#body.isDone || this.#writer.framing === framing.untilClose;
    return this.#heads.answer(status, headers, framingLines, this, this.#closes);
  }

  #responseDone(): void {
    this.flush();
    this.#isResponseDone = true;
    if (this.exchange !== null) this.#afterExchange();
  }

  #afterExchange(): void {
    this.exchange = null;
    if (this.#closes || !this.#body.isDone || this.#hasEnded || this.isDraining) {
      this.#isFinished = true;
      this.#closeGently();
      return;
    }
    this.#isPausedByExchange = false;
    this.#host.onConnectionIdle(this);
    const held = this.#isInRead ? null : this.#held.take();
    if (held === null) {
      this.#updateReading();
      return;
    }
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
    const patienceMs = this.#host.delayedCloseMs;
    closeWithin(connection, patienceMs === 0 ? delayedCloseMs : patienceMs);
    if (!this.#body.isDone && patienceMs > 0) connection.resume();
  }

  #updateReading(): void {
    const shouldPause = this.#isPausedByExchange || (!this.#held.isEmpty && this.exchange !== null);
    if (shouldPause === this.#isPaused) return;
    this.#isPaused = shouldPause;
    if (shouldPause) this.connection.pause();
    else this.connection.resume();
  }
}

const brokenBody: HeadError = { status: 400, details: 'http1.codec_error' };
