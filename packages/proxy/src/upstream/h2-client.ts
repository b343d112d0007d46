import type { CommonHttpOptionsPlan, Http2OptionsPlan } from '@weft/core/plan/cluster-plan';
import { H2Connection } from '../http/h2-connection.ts';
import type { H2Counts } from '../http/h2-counts.ts';
import { readResponseFields, readTrailerFields } from '../http/h2-fields.ts';
import { h2Error } from '../http/h2-frames.ts';
import { H2Stream } from '../http/h2-stream.ts';
import type { Headers } from '../http/headers.ts';
import type { HttpProtocol, RequestHead, UpstreamEvents, UpstreamStream } from '../http/stream.ts';
import type { OpenedConnection } from './transport.ts';

/** What an HTTP/2 client connection reports to its pool. */
export interface H2ClientPool {
  onClosed(client: H2Client): void;
  /** It takes no new streams any more. */
  onDraining(client: H2Client): void;
  /** A stream ended: another may begin. */
  onStreamSlot(client: H2Client): void;
}

/** One request stream towards the upstream. */
class ClientStream extends H2Stream implements UpstreamStream {
  readonly connection: H2Client;
  readonly protocol: HttpProtocol = 'HTTP/2';
  events: UpstreamEvents | null;
  isTouched = false;
  #isHeadRequest = false;
  /** True for an upgrade, sent as extended CONNECT (RFC 8441). */
  isUpgrade = false;

  constructor(connection: H2Client, id: number, window: number, events: UpstreamEvents) {
    super(id, window);
    this.connection = connection;
    this.events = events;
  }

  get isHeadRequest(): boolean {
    return this.#isHeadRequest;
  }

  sendHead(head: RequestHead, end: boolean): void {
    this.#isHeadRequest = head.method === 'HEAD';
    this.isUpgrade = head.upgrade !== null;
    const pseudo =
      head.method === 'CONNECT'
        ? [':method', 'CONNECT', ':authority', head.authority]
        : [':method', head.method, ':path', head.path, ':scheme', head.scheme, ':authority', head.authority];
    if (head.upgrade !== null) {
      pseudo[1] = 'CONNECT';
      pseudo.push(':protocol', head.upgrade);
    }
    this.connection.sendHeaders(this, pseudo, head.headers, end);
  }

  sendData(bytes: Buffer, from: number, to: number, end: boolean): boolean {
    return this.connection.sendBody(this, bytes, from, to, end);
  }

  sendTrailers(trailers: Headers): void {
    this.connection.sendTrailing(this, trailers);
  }

  flush(): void {}

  abort(): void {
    this.events = null;
    this.connection.resetStream(this, h2Error.cancel);
  }

  pause(): void {
    this.connection.pauseStream(this);
  }

  resume(): void {
    this.connection.resumeStream(this);
  }
}

/** The client side of an HTTP/2 connection, shared by many requests. */
export class H2Client extends H2Connection {
  readonly peerUri: string;
  readonly localUri: string;
  /** Milliseconds (monotonic) when the connection was begun, when it was there, and when its last stream ended. */
  startedAt = 0;
  openedAt = 0;
  idleSince = 0;
  #pool: H2ClientPool;
  #nextId = 1;
  #maxStreams: number;
  #touched: ClientStream[] = [];
  #isDraining = false;

  constructor(
    opened: OpenedConnection,
    pool: H2ClientPool,
    { http2: options, common }: { readonly http2: Http2OptionsPlan; readonly common: CommonHttpOptionsPlan },
    counts: H2Counts,
  ) {
    const limits = { maxBytes: common.maxResponseHeadersKb * 1024, maxFields: common.maxHeadersCount };
    super(opened.connection, false, { options, limits, counts });
    this.peerUri = opened.peer?.uri ?? '';
    this.localUri = opened.localUri;
    this.#pool = pool;
    this.#maxStreams = options.maxConcurrentStreams;
  }

  get mayOpenStream(): boolean {
    const isUsable = !this.isFinished && !this.isGoingAway && !this.#isDraining && this.#nextId < lastStreamId;
    return isUsable && this.streams.size < Math.min(this.#maxStreams, this.peerMaxStreams);
  }

  /** Streams begun so far. */
  get requestCount(): number {
    return (this.#nextId - 1) / 2;
  }

  begin(events: UpstreamEvents): UpstreamStream {
    const stream = new ClientStream(this, this.#nextId, this.initialSendWindow, events);
    this.#nextId += 2;
    this.addStream(stream);
    return stream;
  }

  /** No new streams; closes once the open ones are done. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#pool.onDraining(this);
    if (this.streams.size === 0) this.end();
  }

  protected override isIdleStream(id: number): boolean {
    return id >= this.#nextId || (id & 1) === 0;
  }

  override onHeaders(id: number, fields: string[] | null, end: boolean): void {
    const stream = this.streams.get(id) as ClientStream | undefined;
    if (stream === undefined) {
      if (this.isIdleStream(id)) this.fail(h2Error.protocol);
      return;
    }
    if (fields === null) {
      this.resetStreamFromPeer(stream, h2Error.protocol);
      return;
    }
    if (stream.hasHead) {
      this.#onTrailers(stream, fields, end);
      return;
    }
    const response = readResponseFields(fields);
    if (response === null) {
      this.resetStreamFromPeer(stream, h2Error.protocol);
      return;
    }
    const { events } = stream;
    this.#touch(stream);
    if (response.status < 200 && response.status !== 101) {
      events?.onInformational(response.status, response.headers);
      return;
    }
    stream.hasHead = true;
    if (!stream.isHeadRequest && response.status !== 304) stream.expectedBytes = response.contentLength;
    if (end) this.remoteEnd(stream);
    const status = stream.isUpgrade && response.status === 200 ? 101 : response.status;
    events?.onResponseHead(status, response.headers, end);
    if (end) this.#settle(stream);
  }

  protected override onStreamData(stream: H2Stream, bytes: Buffer, from: number, to: number, end: boolean): void {
    const { events } = stream as ClientStream;
    this.#touch(stream as ClientStream);
    events?.onResponseData(bytes, from, to, end);
    if (end) this.#settle(stream as ClientStream);
  }

  protected override onStreamReset(stream: H2Stream, code: number): void {
    const { events } = stream as ClientStream;
    (stream as ClientStream).events = null;
    if (code === h2Error.none && stream.hasRemoteEnd) return;
    const isGone = this.isFinished;
    events?.onUpstreamReset(isGone ? 'connectionTermination' : code === h2Error.refusedStream ? 'refusedStream' : 'remoteReset');
  }

  override onStreamDrain(stream: H2Stream): void {
    (stream as ClientStream).events?.onUpstreamDrain();
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

  protected override onGoaway(lastStream: number): void {
    this.#pool.onDraining(this);
    // Streams the peer never looked at can go elsewhere without harm.
    for (const stream of this.streams.values()) {
      if (stream.id <= lastStream) continue;
      const { events } = stream as ClientStream;
      (stream as ClientStream).events = null;
      this.resetStream(stream, h2Error.cancel);
      events?.onUpstreamReset('refusedStream');
    }
    if (this.streams.size === 0) this.end();
  }

  protected override onStreamClosed(): void {
    if (this.isFinished) return;
    if (this.#isDraining || this.isGoingAway) {
      if (this.streams.size === 0) this.end();
    } else this.#pool.onStreamSlot(this);
  }

  protected override onFinished(): void {
    this.#pool.onDraining(this);
    this.#pool.onClosed(this);
  }

  #onTrailers(stream: ClientStream, fields: string[], end: boolean): void {
    const trailers = end ? readTrailerFields(fields) : null;
    if (trailers === null) {
      this.resetStreamFromPeer(stream, h2Error.protocol);
      return;
    }
    this.counts.count('trailers');
    const { events } = stream;
    this.#touch(stream);
    this.remoteEnd(stream);
    events?.onResponseTrailers(trailers);
    this.#settle(stream);
  }

  /** The response is complete; what is left of the request has no receiver. */
  #settle(stream: ClientStream): void {
    if (stream.isClosed) return;
    stream.events?.onReadEnd();
    stream.events = null;
    this.resetStream(stream, h2Error.cancel);
  }

  #touch(stream: ClientStream): void {
    if (stream.isTouched) return;
    stream.isTouched = true;
    this.#touched.push(stream);
  }
}

const lastStreamId = 0x7ffffffd;
