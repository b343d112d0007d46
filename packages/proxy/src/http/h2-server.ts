import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { Connection } from '../io/connection.ts';
import type { Timer, TimerOwner, TimerWheel } from '../io/timer-wheel.ts';
import { H2Connection } from './h2-connection.ts';
import type { H2Counts } from './h2-counts.ts';
import { type RequestFieldRules, readRequestFields, readTrailerFields, tooMuch } from './h2-fields.ts';
import { h2Error, maxWindow } from './h2-frames.ts';
import { H2Stream } from './h2-stream.ts';
import type { Headers } from './headers.ts';
import type { DownstreamEvents, DownstreamStream, HttpProtocol, RequestHead } from './stream.ts';

/** What an HTTP/2 server connection needs from the connection manager above it. */
export interface H2ServerHost {
  readonly wheel: TimerWheel;
  readonly http2Counts: H2Counts;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  onStreamRequest(stream: DownstreamStream, head: RequestHead, end: boolean): DownstreamEvents;
  /** The connection has brought as many requests as it may. */
  onLastRequest(): void;
  onConnectionIdle(): void;
  onConnectionClosed(): void;
}

/** One request stream; the response is written to it. */
class ServerStream extends H2Stream implements DownstreamStream, TimerOwner {
  readonly connection: H2Server;
  readonly protocol: HttpProtocol;
  readonly isGrpcWeb = false;
  events: DownstreamEvents | null = null;
  isTouched = false;
  /** Runs while a response that is complete waits for the client to take it. */
  flushTimer: Timer | null = null;
  /** The route's bound of that wait in milliseconds, 0 for none; null for the connection manager's. */
  #flushMs: number | null = null;

  constructor(connection: H2Server, id: number, window: number, protocol: HttpProtocol) {
    super(id, window);
    this.connection = connection;
    this.protocol = protocol;
  }

  sendInformational(status: number, headers: Headers): void {
    this.connection.sendHeaders(this, [':status', String(status)], headers, false);
  }

  sendHead(status: number, headers: Headers, end: boolean): void {
    // An upgrade is an extended CONNECT here (RFC 8441): its success is 200.
    this.connection.sendHeaders(this, [':status', String(status === 101 ? 200 : status)], headers, end);
    if (end) this.#onEnd();
  }

  sendData(bytes: Buffer, from: number, to: number, end: boolean): boolean {
    this.wireBytesSent += to - from + frameHeaderBytes;
    const goOn = this.connection.sendBody(this, bytes, from, to, end);
    if (end) this.#onEnd();
    return goOn;
  }

  sendTrailers(trailers: Headers): void {
    this.connection.sendTrailing(this, trailers);
    this.#onEnd();
  }

  flush(): void {}

  abort(): void {
    this.connection.resetStream(this, h2Error.internal);
  }

  pause(): void {
    this.connection.pauseStream(this);
  }

  resume(): void {
    this.connection.resumeStream(this);
  }

  closeAfterResponse(): void {
    this.connection.leave();
  }

  setFlushTimeout(ms: number): void {
    this.#flushMs = ms;
  }

  /** The client did not take the rest of the response in time. */
  onTimer(): void {
    this.connection.countFlushTimeout();
    this.connection.resetStream(this, h2Error.internal);
  }

  /** A response that is complete before its request tells the client to stop sending. */
  #onEnd(): void {
    if (this.isClosed) return;
    if (!this.hasLocalEnd) this.flushTimer = this.connection.startFlush(this, this.#flushMs);
    else if (!this.hasRemoteEnd) this.connection.resetStream(this, h2Error.none);
  }
}

const maxResetsBeforeReview = 200;
const frameHeaderBytes = 9;

/** The server side of an HTTP/2 connection. */
export class H2Server extends H2Connection {
  #host: H2ServerHost;
  #touched: ServerStream[] = [];
  #maxStreams: number;
  #protocol: HttpProtocol;
  #maxRequests: number;
  #rules: RequestFieldRules;
  #opened = 0;
  #resets = 0;
  #isDraining = false;
  #flushMs: number;

  /** `isBridge`: the peer is a Weft sidecar that multiplexes HTTP/1.1 requests. */
  constructor(connection: Connection, host: H2ServerHost, plan: HttpConnectionManagerPlan, isBridge: boolean) {
    const { http2: options } = plan;
    const overrides = options.overrideStreamErrorOnInvalidMessage || plan.overrideStreamErrorOnInvalidMessage;
    super(connection, true, {
      options: { ...options, overrideStreamErrorOnInvalidMessage: overrides },
      limits: { maxBytes: plan.maxRequestHeadersKb * 1024, maxFields: plan.common.maxHeadersCount },
      counts: host.http2Counts,
    });
    this.#maxRequests = plan.common.maxRequestsPerConnection;
    this.#rules = { underscores: plan.common.headersWithUnderscores, allowsConnect: options.allowConnect };
    this.#host = host;
    this.#maxStreams = options.maxConcurrentStreams;
    this.#protocol = isBridge ? 'HTTP/1.1' : 'HTTP/2';
    this.#flushMs = plan.streamFlushTimeoutMs;
    this.keepAlive(host.wheel, host.random);
  }

  /** Bounds how long the rest of a complete response waits for the client's window. */
  startFlush(stream: TimerOwner, routeMs: number | null): Timer | null {
    const ms = routeMs ?? this.#flushMs;
    return ms > 0 && !this.isFinished ? this.#host.wheel.schedule(ms, stream, 'flush') : null;
  }

  /** Lets clients leave: no further request after the ones under way, once they had the time to see it. */
  leave(): void {
    this.#host.onLastRequest();
  }

  countFlushTimeout(): void {
    this.counts.count('tx_flush_timeout');
  }

  get isIdle(): boolean {
    return this.streams.size === 0;
  }

  get hasReceived(): boolean {
    return this.connection.bytesRead > 0;
  }

  /** Tells the client to leave, naming no last stream yet: those that it opens before it hears of it are still served (RFC 9113, section 6.8). */
  announceDrain(): void {
    if (!this.#isDraining) this.sendGoaway(h2Error.none, maxWindow);
  }

  /** Tells the client to open no more streams, and closes once the open ones are done. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.sendGoaway(h2Error.none);
    if (this.streams.size === 0) this.#closeWhenSent();
  }

  protected override isIdleStream(id: number): boolean {
    return id > this.lastPeerStream || (id & 1) === 0;
  }

  override onHeaders(id: number, fields: string[] | null, end: boolean): void {
    const known = this.streams.get(id) as ServerStream | undefined;
    if (known !== undefined) {
      this.#onTrailers(known, fields, end);
      return;
    }
    if ((id & 1) === 0 || id <= this.lastPeerStream) {
      this.fail((id & 1) === 0 ? h2Error.protocol : h2Error.streamClosed);
      return;
    }
    this.lastPeerStream = id;
    if (this.#isDraining || this.streams.size >= this.#maxStreams) {
      this.sendReset(id, h2Error.refusedStream);
      return;
    }
    this.#open(id, fields, end);
  }

  protected override onStreamData(stream: H2Stream, bytes: Buffer, from: number, to: number, end: boolean): void {
    const { events } = stream as ServerStream;
    (stream as ServerStream).wireBytesReceived += to - from + frameHeaderBytes;
    this.#touch(stream as ServerStream);
    events?.onRequestData(bytes, from, to, end);
  }

  protected override onStreamReset(stream: H2Stream): void {
    // Streams opened only to be reset cost work for nothing (CVE-2023-44487).
    if (++this.#resets > maxResetsBeforeReview && this.#resets * 2 > this.#opened) {
      this.fail(h2Error.enhanceYourCalm);
      return;
    }
    const { events } = stream as ServerStream;
    (stream as ServerStream).events = null;
    events?.onDownstreamReset(stream.peerReset);
  }

  override onStreamDrain(stream: H2Stream): void {
    (stream as ServerStream).events?.onDownstreamDrain();
  }

  protected override onReadDone(): void {
    if (this.#touched.length === 0) return;
    const touched = this.#touched;
    this.#touched = [];
    for (const stream of touched) {
      stream.isTouched = false;
      stream.events?.onReadEnd();
    }
  }

  protected override onGoaway(): void {}

  protected override onStreamClosed(stream: H2Stream): void {
    (stream as ServerStream).flushTimer?.cancel();
    if (this.streams.size > 0 || this.isFinished) return;
    if (this.#isDraining) this.#closeWhenSent();
    else this.#host.onConnectionIdle();
  }

  protected override onFinished(): void {
    this.#host.onConnectionClosed();
  }

  #open(id: number, fields: string[] | null, end: boolean): void {
    const stream = new ServerStream(this, id, this.initialSendWindow, this.#protocol);
    stream.wireBytesReceived = this.headerBytes;
    this.addStream(stream);
    this.#opened++;
    const request = fields === null ? null : readRequestFields(fields, this.#rules);
    if (fields === null || request === tooMuch) {
      this.counts.count('header_overflow');
      // As Envoy: no answer, for a client that cannot count its headers will not read one.
      this.resetStream(stream, h2Error.internal);
      return;
    }
    if (request === null || (end && request.contentLength > 0)) {
      this.refuseMalformed(stream);
      return;
    }
    stream.hasHead = true;
    stream.expectedBytes = request.contentLength;
    if (end) this.remoteEnd(stream);
    if (this.#maxRequests > 0 && this.#opened >= this.#maxRequests) this.#host.onLastRequest();
    this.#touch(stream);
    const events = this.#host.onStreamRequest(stream, request.head, end);
    if (!stream.isClosed) stream.events = events;
    else events.onReadEnd();
  }

  #onTrailers(stream: ServerStream, fields: string[] | null, end: boolean): void {
    if (stream.hasRemoteEnd) {
      this.fail(h2Error.streamClosed);
      return;
    }
    const trailers = fields === null || !end ? null : readTrailerFields(fields);
    if (trailers === null || (stream.expectedBytes >= 0 && stream.receivedBytes !== stream.expectedBytes)) {
      this.refuseMalformed(stream);
      return;
    }
    this.counts.count('trailers');
    stream.wireBytesReceived += this.headerBytes;
    const { events } = stream;
    this.#touch(stream);
    this.remoteEnd(stream);
    events?.onRequestTrailers(trailers);
  }

  #touch(stream: ServerStream): void {
    if (stream.isTouched) return;
    stream.isTouched = true;
    this.#touched.push(stream);
  }

  #closeWhenSent(): void {
    setImmediate(() => {
      this.end();
    });
  }
}
