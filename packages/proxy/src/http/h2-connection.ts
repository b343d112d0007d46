import type { Http2OptionsPlan } from '@weft/core/plan/cluster-plan';
import type { Connection, ConnectionOwner } from '../io/connection.ts';
import type { H2Counts, H2Event } from './h2-counts.ts';
import { type FrameConsumer, H2FrameReader } from './h2-frame-reader.ts';
import { flag, frame, h2Error, maxWindow, readUint32 } from './h2-frames.ts';
import { H2HeaderBlocks, type HeaderBlockConsumer, type HeaderBlockLimits } from './h2-header-blocks.ts';
import { applySettings } from './h2-settings.ts';
import type { H2Stream } from './h2-stream.ts';
import { H2Streams } from './h2-streams.ts';

/** The part of HTTP/2 (RFC 9113) that both ends share: what each frame means for streams, settings and receive windows. */
export abstract class H2Connection extends H2Streams implements ConnectionOwner, FrameConsumer, HeaderBlockConsumer {
  readonly #reader: H2FrameReader;
  readonly #blocks: H2HeaderBlocks;
  #hasPeerSettings = false;

  constructor(
    connection: Connection,
    isServer: boolean,
    { options, limits, counts }: { readonly options: Http2OptionsPlan; readonly limits: HeaderBlockLimits; readonly counts: H2Counts },
  ) {
    super(connection, isServer, options, counts);
    this.#reader = new H2FrameReader(isServer);
    this.#blocks = new H2HeaderBlocks(this, limits);
    connection.owner = this;
  }

  // --- for subclasses

  abstract onHeaders(id: number, fields: string[] | null, end: boolean): void;
  protected abstract onStreamData(stream: H2Stream, bytes: Buffer, from: number, to: number, end: boolean): void;
  protected abstract onReadDone(): void;
  protected abstract onGoaway(lastStream: number, code: number): void;
  /** Whether the id belongs to a stream that neither side has opened. */
  protected abstract isIdleStream(id: number): boolean;

  // --- connection events

  onData(received: Buffer, receivedLength: number): void {
    if (this.isFinished) return;
    this.#check(this.#reader.read(received, receivedLength, this));
    if (this.isFinished) return;
    this.keepalive?.onReceived();
    this.windows.creditConnection();
    this.onReadDone();
  }

  onEnd(): void {
    this.connection.destroy();
  }

  onDrain(): void {}

  onClose(): void {
    this.finish();
  }

  // --- frames

  /** Bytes of the header block that came last. */
  protected get headerBytes(): number {
    return this.#blocks.wireBytes;
  }

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
        if (!this.limits.mayBeEmpty(length === 0 && (flags & flag.endStream) === 0)) return this.#flooded('inbound_empty_frames_flood');
        return this.#blocks.read(bytes, at, length, flags, id);
      case frame.continuation:
        if (!this.limits.mayBeEmpty(length === 0)) return this.#flooded('inbound_empty_frames_flood');
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
    if (!this.windows.takeOfConnection(length)) return h2Error.flowControl;
    let from = at;
    let to = at + length;
    if ((flags & flag.padded) !== 0) {
      to -= bytes[from] ?? 0;
      from++;
      if (length === 0 || to < from) return h2Error.protocol;
    }
    const end = (flags & flag.endStream) !== 0;
    if (!this.limits.mayBeEmpty(from === to && !end)) return this.#flooded('inbound_empty_frames_flood');
    const stream = this.streams.get(id);
    if (stream === undefined || stream.hasRemoteEnd) {
      // What was on its way when this side reset the stream is no mistake (RFC 9113, section 5.4.2).
      if (this.hasReset(id)) return h2Error.none;
      this.sendReset(id, h2Error.streamClosed);
      return h2Error.none;
    }
    const error = this.windows.takeOfStream(stream, length) ? countBody(stream, to - from, end) : h2Error.flowControl;
    if (error !== h2Error.none) {
      this.resetStreamFromPeer(stream, error);
      return h2Error.none;
    }
    if (end) this.remoteEnd(stream);
    this.onStreamData(stream, bytes, from, to, end);
    this.windows.settle(stream, length);
    return h2Error.none;
  }

  #readPriority(bytes: Buffer, at: number, length: number, id: number): number {
    if (id === 0) return h2Error.protocol;
    if (length !== 5) this.sendReset(id, h2Error.frameSize);
    else if ((readUint32(bytes, at) & maxWindow) === id) this.sendReset(id, h2Error.protocol);
    return this.limits.mayPrioritise() ? h2Error.none : this.#flooded('inbound_priority_frames_flood');
  }

  #readReset(bytes: Buffer, at: number, length: number, id: number): number {
    if (id === 0 || this.isIdleStream(id)) return h2Error.protocol;
    if (length !== 4) return h2Error.frameSize;
    const stream = this.streams.get(id);
    this.counts.count('rx_reset');
    if (stream === undefined) return h2Error.none;
    stream.peerReset = readUint32(bytes, at);
    this.closeStream(stream);
    this.onStreamReset(stream, stream.peerReset);
    return h2Error.none;
  }

  #readSettings(bytes: Buffer, at: number, length: number, flags: number, id: number): number {
    if (id !== 0) return h2Error.protocol;
    if ((flags & flag.ack) !== 0) {
      this.#blocks.tableBytes = this.options.hpackTableSize;
      return length === 0 ? h2Error.none : h2Error.frameSize;
    }
    this.#hasPeerSettings = true;
    const error = applySettings(bytes, at, length, this.sender);
    if (error !== h2Error.none) return error;
    this.output.settingsAck();
    this.sender.pump();
    return h2Error.none;
  }

  #readPing(bytes: Buffer, at: number, length: number, flags: number, id: number): number {
    if (id !== 0) return h2Error.protocol;
    if (length !== 8) return h2Error.frameSize;
    if ((flags & flag.ack) === 0) this.output.pingAck(bytes, at);
    else this.keepalive?.onPong();
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
    if (!this.limits.mayUpdateWindow(this.output.dataFrames)) return this.#flooded('inbound_window_update_frames_flood');
    const credit = readUint32(bytes, at) & maxWindow;
    if (id === 0) {
      if (credit === 0) return h2Error.protocol;
      if (!this.sender.addCredit(credit)) return h2Error.flowControl;
      this.sender.pump();
      return h2Error.none;
    }
    if (this.isIdleStream(id)) return h2Error.protocol;
    const stream = this.streams.get(id);
    if (stream === undefined) return h2Error.none;
    stream.sendWindow += credit;
    if (credit === 0) this.resetStreamFromPeer(stream, h2Error.protocol);
    else if (stream.sendWindow > maxWindow) this.resetStreamFromPeer(stream, h2Error.flowControl);
    else this.sender.pump();
    return h2Error.none;
  }

  #flooded(event: H2Event): number {
    this.counts.count(event);
    return h2Error.enhanceYourCalm;
  }

  #check(error: number): void {
    if (error !== h2Error.none) this.fail(error);
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
