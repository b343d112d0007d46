import type { Http2OptionsPlan } from '@weft/core/plan/cluster-plan';
import type { Connection, ConnectionOwner } from '../io/connection.ts';
import type { TimerWheel } from '../io/timer-wheel.ts';
import type { H2Counts, H2Event } from './h2-counts.ts';
import { type FrameConsumer, H2FrameReader } from './h2-frame-reader.ts';
import { clientPreface, flag, frame, h2Error, maxWindow, readUint32 } from './h2-frames.ts';
import { H2HeaderBlocks, type HeaderBlockConsumer, type HeaderBlockLimits } from './h2-header-blocks.ts';
import { H2InboundLimits } from './h2-inbound-limits.ts';
import { H2Keepalive, type KeptConnection } from './h2-keepalive.ts';
import { H2Output } from './h2-output.ts';
import { H2ReceiveWindows } from './h2-receive-windows.ts';
import { H2Sender, type SendingConnection } from './h2-sender.ts';
import { applySettings, ownSettings } from './h2-settings.ts';
import type { H2Stream } from './h2-stream.ts';
import { StreamTable } from './h2-stream-table.ts';
import type { Headers } from './headers.ts';

/** The part of HTTP/2 (RFC 9113) that both ends share: what each frame means for streams, settings and receive windows. */
export abstract class H2Connection implements ConnectionOwner, FrameConsumer, HeaderBlockConsumer, SendingConnection, KeptConnection {
  readonly connection: Connection;
  readonly isServer: boolean;
  readonly streams: StreamTable<H2Stream> = new StreamTable();
  isFinished = false;
  /** It ended with streams open. */
  isCutOff = false;
  isGoingAway = false;
  protected lastPeerStream = 0;
  #reader: H2FrameReader;
  /** The streams that this side reset last. */
  readonly #ownResets = new Int32Array(16);
  #ownResetCount = 0;
  #blocks: H2HeaderBlocks;
  #out: H2Output;
  #sender: H2Sender;
  #limits: H2InboundLimits;
  #endsOnMalformed: boolean;
  #hasPeerSettings = false;
  #windows: H2ReceiveWindows;
  #keepalive: H2Keepalive | null = null;
  protected readonly counts: H2Counts;
  readonly #options: Http2OptionsPlan;

  constructor(
    connection: Connection,
    isServer: boolean,
    { options, limits, counts }: { readonly options: Http2OptionsPlan; readonly limits: HeaderBlockLimits; readonly counts: H2Counts },
  ) {
    this.connection = connection;
    this.counts = counts;
    this.isServer = isServer;
    this.#reader = new H2FrameReader(isServer);
    this.#blocks = new H2HeaderBlocks(this, limits);
    this.#out = new H2Output(connection, options.maxOutboundControlFrames, () => this.#sender.pump(), counts);
    this.#sender = new H2Sender(this, this.#out, this.streams, options.hpackTableSize);
    this.#windows = new H2ReceiveWindows(options, this.#out);
    this.#options = options;
    this.#limits = new H2InboundLimits(options);
    this.#endsOnMalformed = isServer && !options.overrideStreamErrorOnInvalidMessage;
    connection.owner = this;
    if (!isServer) this.#out.append(clientPreface, 0, clientPreface.length);
    this.#out.settings(ownSettings(isServer, options));
    this.#windows.open();
  }

  /** Begins to look whether the peer is there, where the options want it. */
  keepAlive(timers: TimerWheel, random: () => number): void {
    const { keepalive } = this.#options;
    if (keepalive !== null) this.#keepalive = new H2Keepalive(this, keepalive, timers, random);
  }

  // --- for subclasses

  abstract onHeaders(id: number, fields: string[] | null, end: boolean): void;
  abstract onStreamDrain(stream: H2Stream): void;
  protected abstract onStreamData(stream: H2Stream, bytes: Buffer, from: number, to: number, end: boolean): void;
  protected abstract onStreamReset(stream: H2Stream, code: number): void;
  protected abstract onReadDone(): void;
  protected abstract onGoaway(lastStream: number, code: number): void;
  protected abstract onFinished(): void;
  /** A stream left the table. */
  protected abstract onStreamClosed(stream: H2Stream): void;
  /** Whether the id belongs to a stream that neither side has opened. */
  protected abstract isIdleStream(id: number): boolean;

  protected addStream(stream: H2Stream): void {
    this.streams.set(stream.id, stream);
    this.counts.activeStreams++;
    this.#limits.onStream();
    this.#keepalive?.onStream();
  }

  /** Streams that the peer lets us have open. */
  protected get peerMaxStreams(): number {
    return this.#sender.maxStreams;
  }

  protected get initialSendWindow(): number {
    return this.#sender.initialWindow;
  }

  // --- sending

  sendHeaders(stream: H2Stream, pseudo: readonly string[], headers: Headers, end: boolean): void {
    if (!this.isFinished && !stream.isClosed) this.#sender.sendHeaders(stream, pseudo, headers, end);
  }

  /** Answers false when the bytes had to be queued: the source should pause until the stream drains. */
  sendBody(stream: H2Stream, bytes: Buffer, from: number, to: number, end: boolean): boolean {
    if (this.isFinished || stream.isClosed || stream.hasLocalEnd) return true;
    return this.#sender.sendBody(stream, bytes, from, to, end);
  }

  sendTrailing(stream: H2Stream, trailers: Headers): void {
    if (!this.isFinished && !stream.isClosed && !stream.hasLocalEnd) this.#sender.sendTrailers(stream, trailers);
  }

  resetStream(stream: H2Stream, code: number): void {
    if (stream.isClosed) return;
    this.#close(stream);
    this.#ownResets[this.#ownResetCount++ & 15] = stream.id;
    this.sendReset(stream.id, code);
  }

  sendReset(id: number, code: number): void {
    if (this.isFinished) return;
    this.counts.count('tx_reset');
    this.#out.reset(id, code);
  }

  pauseStream(stream: H2Stream): void {
    stream.isReadPaused = true;
  }

  resumeStream(stream: H2Stream): void {
    if (!stream.isReadPaused) return;
    stream.isReadPaused = false;
    this.#windows.release(stream);
    this.#windows.creditStream(stream);
    this.#windows.creditConnection();
  }

  sendPing(): void {
    this.#out.ping();
  }

  onKeepaliveTimeout(): void {
    this.counts.count('keepalive_timeout');
    this.connection.destroy();
  }

  sendGoaway(code: number, lastStream = this.lastPeerStream): void {
    if (this.isFinished) return;
    this.counts.count('goaway_sent');
    this.#out.goaway(lastStream, code);
  }

  /** Sends what is pending, then ends the connection. */
  protected end(): void {
    this.#out.end();
  }

  /** Ends the connection because the peer broke the protocol. */
  protected fail(code: number): void {
    if (this.isFinished) return;
    this.sendGoaway(code);
    this.end();
    const { connection } = this;
    setTimeout(() => connection.destroy(), 100).unref();
    this.#finish();
  }

  // --- connection events

  onData(received: Buffer, receivedLength: number): void {
    if (this.isFinished) return;
    this.#check(this.#reader.read(received, receivedLength, this));
    if (this.isFinished) return;
    this.#keepalive?.onReceived();
    this.#windows.creditConnection();
    this.onReadDone();
  }

  onEnd(): void {
    this.connection.destroy();
  }

  onDrain(): void {}

  onClose(): void {
    this.#finish();
  }

  // --- frames

  onFrame(bytes: Buffer, at: number, length: number, type: number, flags: number, id: number): boolean {
    this.#check(this.#readFrame(bytes, at, length, type, flags, id));
    return !this.isFinished;
  }

  /** Answers the error that ends the connection, `none` to go on. */
  #readFrame(bytes: Buffer, at: number, length: number, type: number, flags: number, id: number): number {
    const { openStream } = this.#blocks;
    if (openStream !== 0 && (type !== frame.continuation || id !== openStream)) return h2Error.protocol;
    if (!this.#hasPeerSettings && type !== frame.settings) return h2Error.protocol;
    switch (type) {
      case frame.data:
        return this.#readData(bytes, at, length, flags, id);
      case frame.headers:
        if (id === 0) return h2Error.protocol;
        if (!this.#limits.mayBeEmpty(length === 0 && (flags & flag.endStream) === 0)) return this.#flooded('inbound_empty_frames_flood');
        return this.#blocks.read(bytes, at, length, flags, id);
      case frame.continuation:
        if (!this.#limits.mayBeEmpty(length === 0)) return this.#flooded('inbound_empty_frames_flood');
        return this.#blocks.readContinuation(bytes, at, length, flags);
      case frame.priority:
        return this.#readPriority(bytes, at, length, id);
      case frame.rstStream:
        return this.#readReset(bytes, at, length, id);
      case frame.settings:
        return this.#readSettings(bytes, at, length, flags, id);
      case frame.pushPromise:
        return h2Error.protocol;
      case frame.ping:
        return this.#readPing(bytes, at, length, flags, id);
      case frame.goaway:
        return this.#readGoaway(bytes, at, length, id);
      case frame.windowUpdate:
        return this.#readWindowUpdate(bytes, at, length, id);
      default:
        return h2Error.none;
    }
  }

  #readData(bytes: Buffer, at: number, length: number, flags: number, id: number): number {
    if (id === 0 || this.isIdleStream(id)) return h2Error.protocol;
    if (!this.#windows.takeOfConnection(length)) return h2Error.flowControl;
    let from = at;
    let to = at + length;
    if ((flags & flag.padded) !== 0) {
      to -= bytes[from] ?? 0;
      from++;
      if (length === 0 || to < from) return h2Error.protocol;
    }
    const end = (flags & flag.endStream) !== 0;
    if (!this.#limits.mayBeEmpty(from === to && !end)) return this.#flooded('inbound_empty_frames_flood');
    const stream = this.streams.get(id);
    if (stream === undefined || stream.hasRemoteEnd) {
      // What was on its way when this side reset the stream is no mistake (RFC 9113, section 5.4.2).
      if (this.#ownResets.includes(id)) return h2Error.none;
      this.sendReset(id, h2Error.streamClosed);
      return h2Error.none;
    }
    const error = this.#windows.takeOfStream(stream, length) ? countBody(stream, to - from, end) : h2Error.flowControl;
    if (error !== h2Error.none) {
      this.resetStreamFromPeer(stream, error);
      return h2Error.none;
    }
    if (end) this.remoteEnd(stream);
    this.onStreamData(stream, bytes, from, to, end);
    this.#windows.settle(stream, length);
    return h2Error.none;
  }

  #readPriority(bytes: Buffer, at: number, length: number, id: number): number {
    if (id === 0) return h2Error.protocol;
    if (length !== 5) this.sendReset(id, h2Error.frameSize);
    else if ((readUint32(bytes, at) & maxWindow) === id) this.sendReset(id, h2Error.protocol);
    return this.#limits.mayPrioritise() ? h2Error.none : this.#flooded('inbound_priority_frames_flood');
  }

  #readReset(bytes: Buffer, at: number, length: number, id: number): number {
    if (id === 0 || this.isIdleStream(id)) return h2Error.protocol;
    if (length !== 4) return h2Error.frameSize;
    const stream = this.streams.get(id);
    this.counts.count('rx_reset');
    if (stream === undefined) return h2Error.none;
    stream.peerReset = readUint32(bytes, at);
    this.#close(stream);
    this.onStreamReset(stream, stream.peerReset);
    return h2Error.none;
  }

  #readSettings(bytes: Buffer, at: number, length: number, flags: number, id: number): number {
    if (id !== 0) return h2Error.protocol;
    if ((flags & flag.ack) !== 0) {
      this.#blocks.tableBytes = this.#options.hpackTableSize;
      return length === 0 ? h2Error.none : h2Error.frameSize;
    }
    this.#hasPeerSettings = true;
    const error = applySettings(bytes, at, length, this.#sender);
    if (error !== h2Error.none) return error;
    this.#out.settingsAck();
    this.#sender.pump();
    return h2Error.none;
  }

  #readPing(bytes: Buffer, at: number, length: number, flags: number, id: number): number {
    if (id !== 0) return h2Error.protocol;
    if (length !== 8) return h2Error.frameSize;
    if ((flags & flag.ack) === 0) this.#out.pingAck(bytes, at);
    else this.#keepalive?.onPong();
    return h2Error.none;
  }

  #readGoaway(bytes: Buffer, at: number, length: number, id: number): number {
    if (id !== 0) return h2Error.protocol;
    if (length < 8) return h2Error.frameSize;
    this.isGoingAway = true;
    this.onGoaway(readUint32(bytes, at) & maxWindow, readUint32(bytes, at + 4));
    return h2Error.none;
  }

  #readWindowUpdate(bytes: Buffer, at: number, length: number, id: number): number {
    if (length !== 4) return h2Error.frameSize;
    if (!this.#limits.mayUpdateWindow(this.#out.dataFrames)) return this.#flooded('inbound_window_update_frames_flood');
    const credit = readUint32(bytes, at) & maxWindow;
    if (id === 0) {
      if (credit === 0) return h2Error.protocol;
      if (!this.#sender.addCredit(credit)) return h2Error.flowControl;
      this.#sender.pump();
      return h2Error.none;
    }
    if (this.isIdleStream(id)) return h2Error.protocol;
    const stream = this.streams.get(id);
    if (stream === undefined) return h2Error.none;
    stream.sendWindow += credit;
    if (credit === 0) this.resetStreamFromPeer(stream, h2Error.protocol);
    else if (stream.sendWindow > maxWindow) this.resetStreamFromPeer(stream, h2Error.flowControl);
    else this.#sender.pump();
    return h2Error.none;
  }

  #flooded(event: H2Event): number {
    this.counts.count(event);
    return h2Error.enhanceYourCalm;
  }

  #check(error: number): void {
    if (error !== h2Error.none) this.fail(error);
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

  protected remoteEnd(stream: H2Stream): void {
    stream.hasRemoteEnd = true;
    if (stream.hasLocalEnd) this.#close(stream);
  }

  onLocalEnd(stream: H2Stream): void {
    stream.hasLocalEnd = true;
    if (stream.hasRemoteEnd) this.#close(stream);
  }

  #close(stream: H2Stream): void {
    if (stream.isClosed) return;
    stream.isClosed = true;
    stream.queue = [];
    stream.queuedBytes = 0;
    this.#windows.release(stream);
    this.streams.delete(stream.id);
    this.counts.activeStreams--;
    this.onStreamClosed(stream);
  }

  #finish(): void {
    if (this.isFinished) return;
    this.isFinished = true;
    this.isCutOff = this.streams.size > 0;
    this.#out.isClosed = true;
    this.#keepalive?.end();
    for (const stream of this.streams.values()) {
      this.#close(stream);
      this.onStreamReset(stream, h2Error.cancel);
    }
    this.onFinished();
  }
}

/** Counts a body's bytes, without padding; answers the error that ends the stream. */
function countBody(stream: H2Stream, bytes: number, end: boolean): number {
  if (!stream.hasHead) return h2Error.protocol;
  stream.receivedBytes += bytes;
  const { receivedBytes, expectedBytes } = stream;
  if (expectedBytes < 0) return h2Error.none;
  return receivedBytes > expectedBytes || (end && receivedBytes !== expectedBytes) ? h2Error.protocol : h2Error.none;
}
