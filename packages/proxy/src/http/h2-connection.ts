import type { Http2OptionsPlan } from '@weft/core/plan/cluster-plan';
import type { Connection, ConnectionOwner } from '../io/connection.ts';
import {
  clientPreface,
  defaultFrameBytes,
  flag,
  frame,
  frameHeaderBytes,
  h2Error,
  maxWindow,
  readUint32,
  setting,
  writeFrameHeader,
  writeUint32,
} from './h2-frames.ts';
import { StreamTable } from './h2-stream-table.ts';
import type { Headers } from './headers.ts';
import { HpackDecoder, HpackEncoder } from './hpack.ts';

/** One stream's state on the wire; what it means is the subclass's business. */
export class H2Stream {
  readonly id: number;
  readonly connection: H2Connection;
  sendWindow: number;
  /** Bytes received that the peer has not been given credit for yet. */
  uncredited = 0;
  isReadPaused = false;
  hasLocalEnd = false;
  hasRemoteEnd = false;
  isClosed = false;
  /** Body bytes that wait for window or socket. */
  queue: Buffer[] = [];
  queuedBytes = 0;
  /** What follows the queue: nothing yet, the end, or trailers. */
  queuedEnd: 'none' | 'end' | Headers = 'none';
  isBlocked = false;
  /** Declared content length, -1 without; and what came so far. */
  expectedBytes = -1;
  receivedBytes = 0;
  hasHead = false;

  constructor(connection: H2Connection, id: number, sendWindow: number) {
    this.connection = connection;
    this.id = id;
    this.sendWindow = sendWindow;
  }
}

const outBytes = 64 * 1024;
const freeBuffers: Buffer[] = [];
const dirty: H2Connection[] = [];
let isFlushScheduled = false;

/** All connections written to in a turn of the loop are flushed together at its end: one write each. */
function flushDirty(): void {
  isFlushScheduled = false;
  for (const connection of dirty.splice(0)) connection.flushOut();
}

const maxReceiveWindow = 1024 * 1024;
const connectionWindow = 16 * 1024 * 1024;
const maxHeaderBlockBytes = 96 * 1024;
const maxHeaderListBytes = 60 * 1024;
const maxContinuations = 32;
const maxQueuedControlFrames = 1000;
const maxEmptyFrames = 32;

/** The part of HTTP/2 (RFC 9113) that both ends share: frames, header blocks, settings, flow control, and limits against abuse. */
export abstract class H2Connection implements ConnectionOwner {
  readonly connection: Connection;
  readonly isServer: boolean;
  readonly streams: StreamTable<H2Stream> = new StreamTable();
  isFinished = false;
  isGoingAway = false;
  protected peerMaxStreams = 100;
  protected lastPeerStream = 0;
  #decoder: HpackDecoder = new HpackDecoder();
  #encoder: HpackEncoder = new HpackEncoder();
  #options: Http2OptionsPlan;
  #out: Buffer | null = null;
  #outAt = 0;
  #isDirty = false;
  #isSocketFull = false;
  #partial: Buffer | null = null;
  #needsPreface: boolean;
  #hasPeerSettings = false;
  #sendWindow = 65535;
  #peerInitialWindow = 65535;
  #peerFrameBytes = defaultFrameBytes;
  #uncredited = 0;
  #block: { stream: number; flags: number; parts: Buffer[]; bytes: number } | null = null;
  #controlFrames = 0;
  #emptyFrames = 0;
  #blocked: H2Stream[] = [];

  constructor(connection: Connection, isServer: boolean, options: Http2OptionsPlan) {
    this.connection = connection;
    this.isServer = isServer;
    this.#options = options;
    this.#needsPreface = isServer;
    connection.owner = this;
    if (!isServer) this.#raw(clientPreface);
    this.#sendSettings();
  }

  // --- for subclasses

  protected abstract onHeaders(id: number, fields: string[] | null, end: boolean): void;
  protected abstract onStreamData(stream: H2Stream, bytes: Buffer, from: number, to: number, end: boolean): void;
  protected abstract onStreamReset(stream: H2Stream, code: number): void;
  protected abstract onStreamDrain(stream: H2Stream): void;
  protected abstract onReadDone(): void;
  protected abstract onGoaway(lastStream: number, code: number): void;
  protected abstract onFinished(): void;
  /** A stream left the table. */
  protected abstract onStreamClosed(stream: H2Stream): void;

  protected addStream(stream: H2Stream): void {
    this.streams.set(stream.id, stream);
  }

  protected get initialSendWindow(): number {
    return this.#peerInitialWindow;
  }

  // --- sending

  sendHeaders(stream: H2Stream, pseudo: readonly string[], headers: Headers, end: boolean): void {
    if (this.isFinished || stream.isClosed) return;
    const block = this.#encode(pseudo, headers);
    this.#writeBlock(stream.id, block, end);
    if (end) this.#localEnd(stream);
  }

  /** Answers false when the bytes had to be queued: the source should pause until the stream drains. */
  sendBody(stream: H2Stream, bytes: Buffer, from: number, to: number, end: boolean): boolean {
    if (this.isFinished || stream.isClosed || stream.hasLocalEnd) return true;
    let at = from;
    if (stream.queuedBytes === 0 && !this.#isSocketFull) {
      at = this.#writeData(stream, bytes, from, to, end);
      if (at === to) {
        if (end) {
          if (from === to) this.#emptyData(stream);
          this.#localEnd(stream);
        }
        return true;
      }
    }
    if (at < to) {
      stream.queue.push(Buffer.from(bytes.subarray(at, to)));
      stream.queuedBytes += to - at;
    }
    if (end) stream.queuedEnd = 'end';
    if (stream.queuedBytes === 0) {
      this.#finishQueue(stream);
      return true;
    }
    this.#block_(stream);
    return false;
  }

  sendTrailing(stream: H2Stream, trailers: Headers): void {
    if (this.isFinished || stream.isClosed || stream.hasLocalEnd) return;
    stream.queuedEnd = trailers;
    if (stream.queuedBytes === 0) this.#finishQueue(stream);
  }

  resetStream(stream: H2Stream, code: number): void {
    if (stream.isClosed) return;
    this.#close(stream);
    this.sendReset(stream.id, code);
  }

  sendReset(id: number, code: number): void {
    if (this.isFinished) return;
    const out = this.#room(13);
    this.#outAt = writeUint32(out, writeFrameHeader(out, this.#outAt, 4, frame.rstStream, 0, id), code);
    this.#countControl();
    this.#mark();
  }

  pauseStream(stream: H2Stream): void {
    stream.isReadPaused = true;
  }

  resumeStream(stream: H2Stream): void {
    if (!stream.isReadPaused) return;
    stream.isReadPaused = false;
    this.#credit(stream);
  }

  sendGoaway(code: number): void {
    if (this.isFinished) return;
    const out = this.#room(17);
    const at = writeUint32(out, writeFrameHeader(out, this.#outAt, 8, frame.goaway, 0, 0), this.lastPeerStream);
    this.#outAt = writeUint32(out, at, code);
    this.#mark();
  }

  /** Ends the connection because the peer broke the protocol. */
  protected fail(code: number): void {
    if (this.isFinished) return;
    this.sendGoaway(code);
    this.flushOut();
    this.connection.end();
    const { connection } = this;
    setTimeout(() => connection.destroy(), 100).unref();
    this.#finish();
  }

  flushOut(): void {
    this.#isDirty = false;
    const out = this.#out;
    const length = this.#outAt;
    if (out === null) return;
    this.#out = null;
    this.#outAt = 0;
    if (length === 0 || this.isFinished) {
      if (freeBuffers.length < 16) freeBuffers.push(out);
      return;
    }
    const goOn = this.connection.writeBytes(out, 0, length);
    if (freeBuffers.length < 16) freeBuffers.push(out);
    if (!goOn) this.#isSocketFull = true;
  }

  // --- connection events

  onData(received: Buffer, receivedLength: number): void {
    if (this.isFinished) return;
    let bytes = received;
    let end = receivedLength;
    if (this.#partial !== null) {
      bytes = Buffer.concat([this.#partial, received.subarray(0, receivedLength)]);
      end = bytes.length;
      this.#partial = null;
    }
    this.#readFrames(bytes, end);
    if (this.isFinished) return;
    if (this.#uncredited > connectionWindow >> 2) {
      this.#windowUpdate(0, this.#uncredited);
      this.#uncredited = 0;
    }
    this.onReadDone();
  }

  onEnd(): void {
    this.connection.destroy();
  }

  onDrain(): void {
    this.#isSocketFull = false;
    this.#controlFrames = 0;
    this.#pump();
  }

  onClose(): void {
    this.#finish();
  }

  // --- reading

  #readFrames(bytes: Buffer, end: number): void {
    let p = 0;
    if (this.#needsPreface) {
      const length = Math.min(end, clientPreface.length);
      if (bytes.compare(clientPreface, 0, length, 0, length) !== 0) {
        this.fail(h2Error.protocol);
        return;
      }
      if (length < clientPreface.length) {
        this.#partial = Buffer.from(bytes.subarray(0, end));
        return;
      }
      p = length;
      this.#needsPreface = false;
    }
    while (end - p >= frameHeaderBytes) {
      const length = ((bytes[p] ?? 0) << 16) | ((bytes[p + 1] ?? 0) << 8) | (bytes[p + 2] ?? 0);
      if (length > defaultFrameBytes) {
        this.fail(h2Error.frameSize);
        return;
      }
      if (end - p < frameHeaderBytes + length) break;
      const type = bytes[p + 3] ?? 0;
      const flags = bytes[p + 4] ?? 0;
      const stream = readUint32(bytes, p + 5) & maxWindow;
      p += frameHeaderBytes;
      this.#readFrame(bytes, p, length, type, flags, stream);
      if (this.isFinished) return;
      p += length;
    }
    if (p < end) this.#partial = Buffer.from(bytes.subarray(p, end));
  }

  #readFrame(bytes: Buffer, at: number, length: number, type: number, flags: number, id: number): void {
    if (this.#block !== null && (type !== frame.continuation || id !== this.#block.stream)) {
      this.fail(h2Error.protocol);
      return;
    }
    if (!this.#hasPeerSettings && type !== frame.settings) {
      this.fail(h2Error.protocol);
      return;
    }
    switch (type) {
      case frame.data:
        this.#readData(bytes, at, length, flags, id);
        break;
      case frame.headers:
        this.#readHeaders(bytes, at, length, flags, id);
        break;
      case frame.continuation:
        this.#readContinuation(bytes, at, length, flags);
        break;
      case frame.priority:
        if (id === 0) this.fail(h2Error.protocol);
        else if (length !== 5) this.sendReset(id, h2Error.frameSize);
        else if ((readUint32(bytes, at) & maxWindow) === id) this.sendReset(id, h2Error.protocol);
        else this.#countControl();
        break;
      case frame.rstStream:
        this.#readReset(bytes, at, length, id);
        break;
      case frame.settings:
        this.#readSettings(bytes, at, length, flags, id);
        break;
      case frame.pushPromise:
        this.fail(h2Error.protocol);
        break;
      case frame.ping:
        this.#readPing(bytes, at, length, flags, id);
        break;
      case frame.goaway:
        if (id !== 0) this.fail(h2Error.protocol);
        else if (length < 8) this.fail(h2Error.frameSize);
        else {
          this.isGoingAway = true;
          this.onGoaway(readUint32(bytes, at) & maxWindow, readUint32(bytes, at + 4));
        }
        break;
      case frame.windowUpdate:
        this.#readWindowUpdate(bytes, at, length, id);
        break;
      default:
        break;
    }
  }

  #readData(bytes: Buffer, at: number, length: number, flags: number, id: number): void {
    if (id === 0 || this.isIdleStream(id)) {
      this.fail(h2Error.protocol);
      return;
    }
    this.#uncredited += length;
    let from = at;
    let to = at + length;
    if ((flags & flag.padded) !== 0) {
      const padding = bytes[from] ?? 0;
      from++;
      to -= padding;
      if (length === 0 || to < from) {
        this.fail(h2Error.protocol);
        return;
      }
    }
    const end = (flags & flag.endStream) !== 0;
    if (from === to && !end) {
      if (++this.#emptyFrames > maxEmptyFrames) {
        this.fail(h2Error.enhanceYourCalm);
        return;
      }
    } else this.#emptyFrames = 0;
    const stream = this.streams.get(id);
    if (stream === undefined || stream.hasRemoteEnd) {
      this.sendReset(id, h2Error.streamClosed);
      return;
    }
    if (!stream.hasHead) {
      this.resetStreamFromPeer(stream, h2Error.protocol);
      return;
    }
    stream.uncredited += length;
    if (stream.uncredited > maxReceiveWindow) {
      this.resetStreamFromPeer(stream, h2Error.flowControl);
      return;
    }
    stream.receivedBytes += to - from;
    if (
      stream.expectedBytes >= 0 &&
      (stream.receivedBytes > stream.expectedBytes || (end && stream.receivedBytes !== stream.expectedBytes))
    ) {
      this.resetStreamFromPeer(stream, h2Error.protocol);
      return;
    }
    if (end) this.remoteEnd(stream);
    this.onStreamData(stream, bytes, from, to, end);
    if (!end && !stream.isReadPaused) this.#credit(stream);
  }

  #readHeaders(bytes: Buffer, at: number, length: number, flags: number, id: number): void {
    if (id === 0) {
      this.fail(h2Error.protocol);
      return;
    }
    let from = at;
    let to = at + length;
    if ((flags & flag.padded) !== 0) {
      to -= bytes[from] ?? 0;
      from++;
    }
    if ((flags & flag.priority) !== 0) {
      if ((readUint32(bytes, from) & maxWindow) === id) {
        this.fail(h2Error.protocol);
        return;
      }
      from += 5;
    }
    if (to < from) {
      this.fail(h2Error.protocol);
      return;
    }
    if ((flags & flag.endHeaders) !== 0) {
      this.#readBlock(bytes, from, to, id, (flags & flag.endStream) !== 0);
      return;
    }
    this.#block = { stream: id, flags, parts: [Buffer.from(bytes.subarray(from, to))], bytes: to - from };
  }

  #readContinuation(bytes: Buffer, at: number, length: number, flags: number): void {
    const block = this.#block;
    if (block === null) {
      this.fail(h2Error.protocol);
      return;
    }
    block.bytes += length;
    if (block.bytes > maxHeaderBlockBytes || block.parts.length > maxContinuations) {
      this.fail(h2Error.enhanceYourCalm);
      return;
    }
    block.parts.push(Buffer.from(bytes.subarray(at, at + length)));
    if ((flags & flag.endHeaders) === 0) return;
    this.#block = null;
    const whole = Buffer.concat(block.parts);
    this.#readBlock(whole, 0, whole.length, block.stream, (block.flags & flag.endStream) !== 0);
  }

  #readBlock(bytes: Buffer, from: number, to: number, id: number, end: boolean): void {
    let isTooLarge = false;
    const fields = this.#decoder.decode(bytes, from, to, maxHeaderListBytes, () => {
      isTooLarge = true;
    });
    if (fields === null) this.fail(h2Error.compression);
    else this.onHeaders(id, isTooLarge ? null : fields, end);
  }

  #readReset(bytes: Buffer, at: number, length: number, id: number): void {
    if (id === 0 || this.isIdleStream(id)) this.fail(h2Error.protocol);
    else if (length !== 4) this.fail(h2Error.frameSize);
    else {
      const stream = this.streams.get(id);
      if (stream === undefined) return;
      this.#close(stream);
      this.onStreamReset(stream, readUint32(bytes, at));
    }
  }

  #readSettings(bytes: Buffer, at: number, length: number, flags: number, id: number): void {
    if (id !== 0) {
      this.fail(h2Error.protocol);
      return;
    }
    if ((flags & flag.ack) !== 0) {
      if (length !== 0) this.fail(h2Error.frameSize);
      return;
    }
    if (length % 6 !== 0) {
      this.fail(h2Error.frameSize);
      return;
    }
    this.#hasPeerSettings = true;
    for (let p = at; p < at + length; p += 6) {
      const error = this.#applySetting(((bytes[p] ?? 0) << 8) | (bytes[p + 1] ?? 0), readUint32(bytes, p + 2));
      if (error !== h2Error.none) {
        this.fail(error);
        return;
      }
    }
    const out = this.#room(frameHeaderBytes);
    this.#outAt = writeFrameHeader(out, this.#outAt, 0, frame.settings, flag.ack, 0);
    this.#countControl();
    this.#mark();
    this.#pump();
  }

  #applySetting(id: number, value: number): number {
    switch (id) {
      case setting.headerTableSize:
        this.#encoder.setLimit(value);
        break;
      case setting.enablePush:
        if (value > 1) return h2Error.protocol;
        break;
      case setting.maxConcurrentStreams:
        this.peerMaxStreams = value;
        break;
      case setting.initialWindowSize: {
        if (value > maxWindow) return h2Error.flowControl;
        const change = value - this.#peerInitialWindow;
        this.#peerInitialWindow = value;
        for (const stream of this.streams.values()) {
          stream.sendWindow += change;
          if (stream.sendWindow > maxWindow) return h2Error.flowControl;
        }
        break;
      }
      case setting.maxFrameSize:
        if (value < defaultFrameBytes || value > 16777215) return h2Error.protocol;
        this.#peerFrameBytes = Math.min(value, outBytes / 2);
        break;
      default:
        break;
    }
    return h2Error.none;
  }

  #readPing(bytes: Buffer, at: number, length: number, flags: number, id: number): void {
    if (id !== 0) this.fail(h2Error.protocol);
    else if (length !== 8) this.fail(h2Error.frameSize);
    else if ((flags & flag.ack) === 0) {
      const out = this.#room(17);
      const to = writeFrameHeader(out, this.#outAt, 8, frame.ping, flag.ack, 0);
      bytes.copy(out, to, at, at + 8);
      this.#outAt = to + 8;
      this.#countControl();
      this.#mark();
    }
  }

  #readWindowUpdate(bytes: Buffer, at: number, length: number, id: number): void {
    if (length !== 4) {
      this.fail(h2Error.frameSize);
      return;
    }
    const credit = readUint32(bytes, at) & maxWindow;
    if (id === 0) {
      this.#sendWindow += credit;
      if (credit === 0) this.fail(h2Error.protocol);
      else if (this.#sendWindow > maxWindow) this.fail(h2Error.flowControl);
      else this.#pump();
      return;
    }
    if (this.isIdleStream(id)) {
      this.fail(h2Error.protocol);
      return;
    }
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    stream.sendWindow += credit;
    if (credit === 0) this.resetStreamFromPeer(stream, h2Error.protocol);
    else if (stream.sendWindow > maxWindow) this.resetStreamFromPeer(stream, h2Error.flowControl);
    else this.#pump();
  }

  /** Whether the id belongs to a stream that neither side has opened. */
  protected abstract isIdleStream(id: number): boolean;

  /** The peer broke a stream's rules: it is reset towards the peer and ended towards the exchange. */
  protected resetStreamFromPeer(stream: H2Stream, code: number): void {
    this.resetStream(stream, code);
    this.onStreamReset(stream, code);
  }

  protected remoteEnd(stream: H2Stream): void {
    stream.hasRemoteEnd = true;
    if (stream.hasLocalEnd) this.#close(stream);
  }

  // --- writing

  #encode(pseudo: readonly string[], headers: Headers): Buffer {
    const encoder = this.#encoder;
    let out = blockBuffer;
    let at = encoder.start(out, 0);
    const put = (name: string, value: string): void => {
      const needed = at + name.length + value.length + 32;
      if (needed > out.length) {
        const larger = Buffer.allocUnsafe(Math.max(needed, out.length * 2));
        out.copy(larger, 0, 0, at);
        out = larger;
      }
      at = encoder.field(out, at, name, value);
    };
    for (let i = 0; i < pseudo.length; i += 2) put(pseudo[i] ?? '', pseudo[i + 1] ?? '');
    headers.each((name, value) => {
      if (!isConnectionHeader(name)) put(name, value);
    });
    return out.subarray(0, at);
  }

  #writeBlock(id: number, block: Buffer, end: boolean): void {
    const limit = defaultFrameBytes;
    let from = 0;
    let type: number = frame.headers;
    do {
      const length = Math.min(limit, block.length - from);
      const isLast = from + length === block.length;
      const flags = (isLast ? flag.endHeaders : 0) | (end && type === frame.headers ? flag.endStream : 0);
      const out = this.#room(length + frameHeaderBytes);
      const at = writeFrameHeader(out, this.#outAt, length, type, flags, id);
      block.copy(out, at, from, from + length);
      this.#outAt = at + length;
      from += length;
      type = frame.continuation;
    } while (from < block.length);
    this.#mark();
  }

  /** Writes as much as windows allow; answers the offset after it. */
  #writeData(stream: H2Stream, bytes: Buffer, from: number, to: number, end: boolean): number {
    let at = from;
    while (at < to) {
      const length = Math.min(to - at, stream.sendWindow, this.#sendWindow, this.#peerFrameBytes);
      if (length <= 0) return at;
      const out = this.#room(length + frameHeaderBytes);
      const isLast = end && at + length === to;
      const start = writeFrameHeader(out, this.#outAt, length, frame.data, isLast ? flag.endStream : 0, stream.id);
      bytes.copy(out, start, at, at + length);
      this.#outAt = start + length;
      stream.sendWindow -= length;
      this.#sendWindow -= length;
      at += length;
      this.#mark();
      if (this.#isSocketFull) return at;
    }
    return at;
  }

  #emptyData(stream: H2Stream): void {
    const out = this.#room(frameHeaderBytes);
    this.#outAt = writeFrameHeader(out, this.#outAt, 0, frame.data, flag.endStream, stream.id);
    this.#mark();
  }

  #block_(stream: H2Stream): void {
    if (stream.isBlocked) return;
    stream.isBlocked = true;
    this.#blocked.push(stream);
  }

  /** Sends what waited, after windows or the socket opened. */
  #pump(): void {
    if (this.#blocked.length === 0 || this.isFinished) return;
    const waiting = this.#blocked;
    this.#blocked = [];
    for (const stream of waiting) {
      stream.isBlocked = false;
      if (stream.isClosed) continue;
      this.#drainQueue(stream);
      if (stream.queuedBytes > 0) this.#block_(stream);
      else {
        this.#finishQueue(stream);
        if (!stream.isClosed && !stream.hasLocalEnd) this.onStreamDrain(stream);
      }
    }
  }

  #drainQueue(stream: H2Stream): void {
    while (stream.queue.length > 0 && !this.#isSocketFull) {
      const chunk = stream.queue[0] as Buffer;
      const isLast = stream.queue.length === 1 && stream.queuedEnd === 'end';
      const at = this.#writeData(stream, chunk, 0, chunk.length, isLast);
      stream.queuedBytes -= at;
      if (at < chunk.length) {
        stream.queue[0] = chunk.subarray(at);
        return;
      }
      stream.queue.shift();
      if (isLast) this.#localEnd(stream);
    }
  }

  #finishQueue(stream: H2Stream): void {
    if (stream.hasLocalEnd || stream.isClosed) return;
    const end = stream.queuedEnd;
    if (end === 'none') return;
    if (end === 'end') this.#emptyData(stream);
    else this.#writeBlock(stream.id, this.#encode(noFields, end), true);
    this.#localEnd(stream);
  }

  #localEnd(stream: H2Stream): void {
    stream.hasLocalEnd = true;
    if (stream.hasRemoteEnd) this.#close(stream);
  }

  #close(stream: H2Stream): void {
    if (stream.isClosed) return;
    stream.isClosed = true;
    stream.queue = [];
    stream.queuedBytes = 0;
    this.streams.delete(stream.id);
    this.onStreamClosed(stream);
  }

  #credit(stream: H2Stream): void {
    if (stream.uncredited < maxReceiveWindow >> 2 || stream.isClosed) return;
    this.#windowUpdate(stream.id, stream.uncredited);
    stream.uncredited = 0;
  }

  #windowUpdate(id: number, credit: number): void {
    const out = this.#room(13);
    this.#outAt = writeUint32(out, writeFrameHeader(out, this.#outAt, 4, frame.windowUpdate, 0, id), credit);
    this.#mark();
  }

  #sendSettings(): void {
    const settings: number[] = [
      setting.maxConcurrentStreams,
      this.isServer ? this.#options.maxConcurrentStreams : 0,
      setting.initialWindowSize,
      maxReceiveWindow,
      setting.maxHeaderListSize,
      maxHeaderListBytes,
    ];
    if (!this.isServer) settings.splice(0, 2, setting.enablePush, 0);
    else if (this.#options.allowConnect) settings.push(setting.enableConnect, 1);
    const out = this.#room(64);
    let at = writeFrameHeader(out, this.#outAt, (settings.length / 2) * 6, frame.settings, 0, 0);
    for (let i = 0; i < settings.length; i += 2) {
      out[at] = 0;
      out[at + 1] = settings[i] ?? 0;
      at = writeUint32(out, at + 2, settings[i + 1] ?? 0);
    }
    this.#outAt = at;
    this.#windowUpdate(0, connectionWindow - 65535);
  }

  #raw(bytes: Buffer): void {
    const out = this.#room(bytes.length);
    bytes.copy(out, this.#outAt);
    this.#outAt += bytes.length;
    this.#mark();
  }

  #room(bytes: number): Buffer {
    if (this.#out !== null && this.#outAt + bytes > this.#out.length) this.flushOut();
    if (this.#out === null) {
      this.#out = bytes > outBytes ? Buffer.allocUnsafeSlow(bytes) : (freeBuffers.pop() ?? Buffer.allocUnsafeSlow(outBytes));
      this.#outAt = 0;
    }
    return this.#out;
  }

  #mark(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    dirty.push(this);
    if (isFlushScheduled) return;
    isFlushScheduled = true;
    setImmediate(flushDirty);
  }

  /** A peer that makes us answer without reading the answers is cut off. */
  #countControl(): void {
    if (!this.#isSocketFull) {
      this.#controlFrames = Math.min(this.#controlFrames + 1, maxQueuedControlFrames);
      if (this.connection.queuedBytes === 0) this.#controlFrames = 0;
      return;
    }
    if (++this.#controlFrames > maxQueuedControlFrames) this.connection.destroy();
  }

  #finish(): void {
    if (this.isFinished) return;
    this.isFinished = true;
    for (const stream of this.streams.values()) {
      this.#close(stream);
      this.onStreamReset(stream, h2Error.cancel);
    }
    this.onFinished();
  }
}

const blockBuffer = Buffer.allocUnsafeSlow(32 * 1024);
const noFields: readonly string[] = [];

/** Fields that belong to one HTTP/1.1 connection and must not be sent on HTTP/2. */
function isConnectionHeader(name: string): boolean {
  return (
    name === 'connection' ||
    name === 'transfer-encoding' ||
    name === 'keep-alive' ||
    name === 'proxy-connection' ||
    name === 'upgrade' ||
    name === 'host'
  );
}
