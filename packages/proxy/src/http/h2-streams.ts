import type { Http2OptionsPlan } from '@weft/core/plan/cluster-plan';
import { closeWithin, delayedCloseMs } from '../io/close-within.ts';
import type { Connection } from '../io/connection.ts';
import type { TimerWheel } from '../io/timer-wheel.ts';
import type { H2Counts } from './h2-counts.ts';
import { clientPreface, h2Error } from './h2-frames.ts';
import { H2InboundLimits } from './h2-inbound-limits.ts';
import { H2Keepalive, type KeptConnection } from './h2-keepalive.ts';
import { H2Output } from './h2-output.ts';
import { H2ReceiveWindows } from './h2-receive-windows.ts';
import { H2Sender, type SendingConnection } from './h2-sender.ts';
import { ownSettings } from './h2-settings.ts';
import type { H2Stream } from './h2-stream.ts';
import { StreamTable } from './h2-stream-table.ts';
import type { Headers } from './headers.ts';

/** The streams of one HTTP/2 connection, from their beginning to their end, and what this side sends on them. */
export abstract class H2Streams implements SendingConnection, KeptConnection {
  readonly connection: Connection;
  readonly isServer: boolean;
  readonly streams: StreamTable<H2Stream> = new StreamTable();
  isFinished = false;
  /** It ended with streams open. */
  isCutOff = false;
  isGoingAway = false;
  protected lastPeerStream = 0;
  protected readonly counts: H2Counts;
  protected readonly options: Http2OptionsPlan;
  protected readonly output: H2Output;
  protected readonly sender: H2Sender;
  protected readonly limits: H2InboundLimits;
  protected readonly windows: H2ReceiveWindows;
  protected keepalive: H2Keepalive | null = null;
  /** The streams that this side reset last. */
  readonly #ownResets = new Int32Array(16);
  #ownResetCount = 0;
  readonly #endsOnMalformed: boolean;

  constructor(connection: Connection, isServer: boolean, options: Http2OptionsPlan, counts: H2Counts) {
    this.connection = connection;
    this.counts = counts;
    this.isServer = isServer;
    this.output = new H2Output(connection, options.maxOutboundControlFrames, () => this.sender.pump(), counts);
    this.sender = new H2Sender(this, this.output, this.streams, options.hpackTableSize);
    this.windows = new H2ReceiveWindows(options, this.output);
    this.options = options;
    this.limits = new H2InboundLimits(options);
    this.#endsOnMalformed = isServer && !options.overrideStreamErrorOnInvalidMessage;
    if (!isServer) this.output.append(clientPreface, 0, clientPreface.length);
    this.output.settings(ownSettings(isServer, options));
    this.windows.open();
  }

  /** Begins to look whether the peer is there, where the options want it. */
  keepAlive(timers: TimerWheel, random: () => number): void {
    const { keepalive } = this.options;
    if (keepalive !== null) this.keepalive = new H2Keepalive(this, keepalive, timers, random);
  }

  // --- for subclasses

  abstract onStreamDrain(stream: H2Stream): void;
  protected abstract onStreamReset(stream: H2Stream, code: number): void;
  protected abstract onFinished(): void;
  /** A stream left the table. */
  protected abstract onStreamClosed(stream: H2Stream): void;

  protected addStream(stream: H2Stream): void {
    this.streams.set(stream.id, stream);
    this.counts.activeStreams++;
    this.limits.onStream();
    this.keepalive?.onStream();
  }

  /** Streams that the peer lets us have open. */
  protected get peerMaxStreams(): number {
    return this.sender.maxStreams;
  }

  protected get initialSendWindow(): number {
    return this.sender.initialWindow;
  }

  // --- sending

  sendHeaders(stream: H2Stream, pseudo: readonly string[], headers: Headers, end: boolean): void {
    if (!this.isFinished && !stream.isClosed) this.sender.sendHeaders(stream, pseudo, headers, end);
  }

  /** Answers false when the bytes had to be queued: the source should pause until the stream drains. */
  sendBody(stream: H2Stream, bytes: Buffer, from: number, to: number, end: boolean): boolean {
    if (this.isFinished || stream.isClosed || stream.hasLocalEnd) return true;
    return this.sender.sendBody(stream, bytes, from, to, end);
  }

  sendTrailing(stream: H2Stream, trailers: Headers): void {
    if (!this.isFinished && !stream.isClosed && !stream.hasLocalEnd) this.sender.sendTrailers(stream, trailers);
  }

  resetStream(stream: H2Stream, code: number): void {
    if (stream.isClosed) return;
    this.closeStream(stream);
    this.#ownResets[this.#ownResetCount++ & 15] = stream.id;
    this.sendReset(stream.id, code);
  }

  sendReset(id: number, code: number): void {
    if (this.isFinished) return;
    this.counts.count('tx_reset');
    this.output.reset(id, code);
  }

  pauseStream(stream: H2Stream): void {
    stream.isReadPaused = true;
  }

  resumeStream(stream: H2Stream): void {
    if (!stream.isReadPaused) return;
    stream.isReadPaused = false;
    this.windows.release(stream);
    this.windows.creditStream(stream);
    this.windows.creditConnection();
  }

  sendPing(): void {
    this.output.ping();
  }

  onKeepaliveTimeout(): void {
    this.counts.count('keepalive_timeout');
    this.connection.destroy();
  }

  sendGoaway(code: number, lastStream = this.lastPeerStream): void {
    if (this.isFinished) return;
    this.counts.count('goaway_sent');
    this.output.goaway(lastStream, code);
  }

  /** Sends what is pending, then ends the connection. */
  protected end(): void {
    this.output.end();
    closeWithin(this.connection, delayedCloseMs);
  }

  /** Ends the connection because the peer broke the protocol. */
  protected fail(code: number): void {
    if (this.isFinished) return;
    this.sendGoaway(code);
    this.end();
    const { connection } = this;
    setTimeout(() => connection.destroy(), 100).unref();
    this.finish();
  }

  // --- the life of streams

  /** The peer broke a stream's rules: it is reset towards the peer and ended towards the exchange. */
  protected resetStreamFromPeer(stream: H2Stream, code: number): void {
    this.resetStream(stream, code);
    this.onStreamReset(stream, code);
  }

  /**
   * The peer sent a message that is none (RFC 9113 section 8.1.1): as Envoy, a client that does is not trusted with its other streams
   * either, unless the configuration wants only the stream to end.
   */
  protected refuseMalformed(stream: H2Stream): void {
    this.counts.count('rx_messaging_error');
    if (this.#endsOnMalformed) this.fail(h2Error.protocol);
    else this.resetStreamFromPeer(stream, h2Error.protocol);
  }

  /** Whether this side reset the stream lately, so that frames of it may still be under way. */
  protected hasReset(id: number): boolean {
    return this.#ownResets.includes(id);
  }

  protected remoteEnd(stream: H2Stream): void {
    stream.hasRemoteEnd = true;
    if (stream.hasLocalEnd) this.closeStream(stream);
  }

  onLocalEnd(stream: H2Stream): void {
    stream.hasLocalEnd = true;
    if (stream.hasRemoteEnd) this.closeStream(stream);
  }

  protected closeStream(stream: H2Stream): void {
    if (stream.isClosed) return;
    stream.isClosed = true;
    stream.queue = [];
    stream.queuedBytes = 0;
    this.windows.release(stream);
    this.streams.delete(stream.id);
    this.counts.activeStreams--;
    this.onStreamClosed(stream);
  }

  protected finish(): void {
    if (this.isFinished) return;
    this.isFinished = true;
    this.isCutOff = this.streams.size > 0;
    this.output.isClosed = true;
    this.keepalive?.end();
    for (const stream of this.streams.values()) {
      this.closeStream(stream);
      this.onStreamReset(stream, h2Error.cancel);
    }
    this.onFinished();
  }
}
