import type { Connection, ConnectionOwner } from '../io/connection.ts';
import type { TcpProxyStats } from '../telemetry/tcp-stats.ts';
import { type ByteStream, closeAfterFlush } from './byte-stream.ts';
import { MetadataFrameReader, peerExchangeAlpn } from './metadata-frame.ts';
import type { TcpProxyContext, TcpRefusal } from './tcp-context.ts';
import type { TcpPlace, TcpRecord } from './tcp-record.ts';
import { TcpTimers } from './tcp-timers.ts';
import { TcpUpstream } from './tcp-upstream.ts';

const maxEarlyBytes = 256 * 1024;

/** Moves the bytes of one connection to an upstream host and back, with back-pressure and half-close in both directions. */
export class TcpProxy implements ConnectionOwner, TcpRecord {
  readonly place: TcpPlace;
  readonly startedAt: number;
  readonly startedMonotonic: number;
  readonly upstream: TcpUpstream;
  flags = '';
  details = '';
  terminationDetails = '';
  downstreamPeer: object | null = null;
  upstreamPeer: object | null = null;
  bytesReceived = 0;
  bytesSent = 0;
  endedAt = 0;
  #downstream: Connection;
  #stream: ByteStream | null = null;
  #context: TcpProxyContext;
  #timers: TcpTimers;
  readonly #stats: TcpProxyStats;
  #onClosed: () => void;
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #downstreamEnded = false;
  #isClosed = false;
  #isRefused = false;
  /** Take the peers' frames off, until they were there. */
  #downstreamFrame: MetadataFrameReader | null = null;
  #upstreamFrame: MetadataFrameReader | null = null;

  constructor(downstream: Connection, place: TcpPlace, context: TcpProxyContext, onClosed: () => void) {
    this.#downstream = downstream;
    this.place = place;
    this.#context = context;
    const stats = context.statsOf(place.tcp);
    this.#stats = stats;
    stats.connections.increment();
    downstream.measure(stats.meter);
    this.#onClosed = onClosed;
    this.startedAt = context.wallClock();
    this.startedMonotonic = context.now();
    this.#timers = new TcpTimers(place, context, stats, {
      onReportDue: () => context.onProgress(this, false),
      onTimeout: () => this.#finish(),
    });
    this.upstream = new TcpUpstream(place, context, stats, {
      onUpstream: (stream, alpn) => this.#use(stream, alpn),
      onNoUpstream: (flags) => this.#fail(flags),
    });
    downstream.owner = this;
  }

  start(first: Buffer): void {
    if (this.place.alpn === peerExchangeAlpn && this.#exchangesMetadata) {
      this.#downstreamFrame = new MetadataFrameReader();
      this.#downstream.writeOwned(this.#context.peers.frame);
    }
    if (first.length > 0) this.onData(first, first.length);
    this.#timers.start();
    this.upstream.start();
  }

  /** Ends the connection, which a filter before this one turned away, and has that logged. */
  refuse({ flag, details, terminationDetails }: TcpRefusal, receivedBytes: number): void {
    this.details = details;
    this.terminationDetails = terminationDetails;
    this.bytesReceived = receivedBytes;
    this.#isRefused = true;
    this.#fail(flag);
  }

  close(): void {
    this.#finish();
  }

  // --- from downstream

  onData(bytes: Buffer, length: number): void {
    if (this.#downstreamFrame !== null) {
      const answer = this.#downstreamFrame.read(bytes.subarray(0, length));
      if (answer === null) return;
      this.#downstreamFrame = null;
      if (answer.told !== null) this.downstreamPeer = this.#context.peers.workloadOf(answer.told);
      if (answer.rest.length > 0) this.#receive(answer.rest, answer.rest.length);
      return;
    }
    this.#receive(bytes, length);
  }

  #receive(bytes: Buffer, length: number): void {
    this.bytesReceived += length;
    this.#timers.lastActivity = this.#context.now();
    const stream = this.#stream;
    if (stream !== null) {
      if (stream.writeBytes(bytes, 0, length)) return;
      this.upstream.cluster?.stats.count('upstream_flow_control_backed_up_total');
      this.#stats.count('downstream_flow_control_paused_reading_total');
      this.#downstream.pause();
      return;
    }
    this.#early.push(Buffer.from(bytes.subarray(0, length)));
    this.#earlyBytes += length;
    if (this.#earlyBytes > maxEarlyBytes) this.#downstream.pause();
  }

  onEnd(): void {
    this.#downstreamEnded = true;
    this.#stream?.end();
  }

  onDrain(): void {
    this.upstream.cluster?.stats.count('upstream_flow_control_resumed_reading_total');
    this.#stream?.resume();
  }

  onClose(): void {
    this.#finish();
  }

  // --- from upstream

  #use(stream: ByteStream, alpn: string): void {
    if (alpn === peerExchangeAlpn) {
      this.#upstreamFrame = new MetadataFrameReader();
      stream.writeOwned(this.#context.peers.frame);
    }
    this.#stream = stream;
    stream.owner = {
      onData: (bytes, length) => this.#onUpstreamData(stream, bytes, length),
      onEnd: () => this.#downstream.end(),
      onDrain: () => {
        this.upstream.cluster?.stats.count('upstream_flow_control_drained_total');
        this.#stats.count('downstream_flow_control_resumed_reading_total');
        this.#downstream.resume();
      },
      onClose: () => this.#finish(),
    };
    for (const chunk of this.#early.splice(0)) stream.writeOwned(chunk);
    this.#downstream.resume();
    if (this.#downstreamEnded) stream.end();
  }

  #onUpstreamData(stream: ByteStream, bytes: Buffer, length: number): void {
    if (this.#upstreamFrame !== null) {
      const answer = this.#upstreamFrame.read(bytes.subarray(0, length));
      if (answer === null) return;
      this.#upstreamFrame = null;
      if (answer.told !== null) this.upstreamPeer = this.#context.peers.workloadOf(answer.told);
      if (answer.rest.length > 0) this.#sendDown(stream, answer.rest, answer.rest.length);
      return;
    }
    this.#sendDown(stream, bytes, length);
  }

  #sendDown(stream: ByteStream, bytes: Buffer, length: number): void {
    this.bytesSent += length;
    this.#timers.lastActivity = this.#context.now();
    if (this.#downstream.writeBytes(bytes, 0, length)) return;
    this.upstream.cluster?.stats.count('upstream_flow_control_paused_reading_total');
    stream.pause();
  }

  get #exchangesMetadata(): boolean {
    return this.place.chain.networkFilters.some((filter) => filter.kind === 'metadataExchange');
  }

  #fail(flag: string): void {
    this.flags = flag;
    this.#finish();
  }

  #finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.endedAt = this.#context.now();
    this.#timers.stop();
    // What was held for an upstream that never came counts as not received: Envoy would not have read it.
    if (this.#stream === null && !this.#isRefused) this.bytesReceived = 0;
    this.#early = [];
    this.upstream.close(this.endedAt);
    closeAfterFlush(this.#downstream);
    if (this.#stream !== null) closeAfterFlush(this.#stream);
    this.#context.onProgress(this, true);
    if (this.place.tcp.accessLogs.length > 0) this.#context.onDone(this);
    this.#onClosed();
  }
}
