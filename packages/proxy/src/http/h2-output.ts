import type { Connection } from '../io/connection.ts';
import { defaultFrameBytes, flag, frame, frameHeaderBytes, writeFrameHeader, writeUint32 } from './h2-frames.ts';

/** Capacity of a connection's output buffer, and so the largest amount written at once. */
export const outputBytes: number = 64 * 1024;

const maxFreeBuffers = 16;
const freeBuffers: Buffer[] = [];
const dirty: H2Output[] = [];
let isFlushScheduled = false;

/** All connections written to in a turn of the loop are flushed together at its end: one write each. */
function flushDirty(): void {
  isFlushScheduled = false;
  for (const output of dirty.splice(0)) output.flush();
}

/** Full buffers that wait for the one being written; bodies wait when there are more. */
const maxWaiting = 3;

/** Frames on their way to the socket. */
interface Written {
  readonly bytes: Buffer;
  readonly length: number;
}

/**
 * Writes the frames of one HTTP/2 connection, gathered to one write a turn of the loop. Buffers are lent to the socket, and one after the
 * other: Node would copy several into one before it encrypts them.
 */
export class H2Output {
  /** The socket takes less than it is given: bodies wait. */
  isSocketFull = false;
  /** Nothing is written any more. */
  isClosed = false;
  #connection: Connection;
  #onRoom: () => void;
  #buffer: Buffer | null = null;
  #at = 0;
  #isDirty = false;
  /** DATA frames written so far. */
  dataFrames = 0;
  #controlFrames = 0;
  #maxControlFrames: number;
  #inFlight: Buffer | null = null;
  #waiting: Written[] = [];
  #endsAfterWaiting = false;

  /** `onRoom` runs when the socket takes bytes again after it was full. */
  constructor(connection: Connection, maxControlFrames: number, onRoom: () => void) {
    this.#connection = connection;
    this.#maxControlFrames = maxControlFrames;
    this.#onRoom = onRoom;
  }

  bytes(bytes: Buffer): void {
    const out = this.#room(bytes.length);
    bytes.copy(out, this.#at);
    this.#at += bytes.length;
    this.#mark();
  }

  /** `settings`: identifiers and values in turn. */
  settings(settings: readonly number[]): void {
    const length = (settings.length / 2) * 6;
    const out = this.#room(frameHeaderBytes + length);
    let at = writeFrameHeader(out, this.#at, length, frame.settings, 0, 0);
    for (let i = 0; i < settings.length; i += 2) {
      out[at] = 0;
      out[at + 1] = settings[i] ?? 0;
      at = writeUint32(out, at + 2, settings[i + 1] ?? 0);
    }
    this.#at = at;
    this.#mark();
  }

  settingsAck(): void {
    const out = this.#room(frameHeaderBytes);
    this.#at = writeFrameHeader(out, this.#at, 0, frame.settings, flag.ack, 0);
    this.#countControl();
    this.#mark();
  }

  /** Echoes the eight bytes at `from`. */
  pingAck(bytes: Buffer, from: number): void {
    const out = this.#room(17);
    const to = writeFrameHeader(out, this.#at, 8, frame.ping, flag.ack, 0);
    bytes.copy(out, to, from, from + 8);
    this.#at = to + 8;
    this.#countControl();
    this.#mark();
  }

  ping(): void {
    const out = this.#room(17);
    const to = writeFrameHeader(out, this.#at, 8, frame.ping, 0, 0);
    out.fill(0, to, to + 8);
    this.#at = to + 8;
    this.#mark();
  }

  reset(id: number, code: number): void {
    const out = this.#room(13);
    this.#at = writeUint32(out, writeFrameHeader(out, this.#at, 4, frame.rstStream, 0, id), code);
    this.#countControl();
    this.#mark();
  }

  goaway(lastStream: number, code: number): void {
    const out = this.#room(17);
    const at = writeUint32(out, writeFrameHeader(out, this.#at, 8, frame.goaway, 0, 0), lastStream);
    this.#at = writeUint32(out, at, code);
    this.#mark();
  }

  windowUpdate(id: number, credit: number): void {
    const out = this.#room(13);
    this.#at = writeUint32(out, writeFrameHeader(out, this.#at, 4, frame.windowUpdate, 0, id), credit);
    this.#mark();
  }

  /** A header block as HEADERS and as many CONTINUATION frames as it takes. */
  headers(id: number, block: Buffer, end: boolean): void {
    let from = 0;
    let type: number = frame.headers;
    do {
      const length = Math.min(defaultFrameBytes, block.length - from);
      const isLast = from + length === block.length;
      const flags = (isLast ? flag.endHeaders : 0) | (end && type === frame.headers ? flag.endStream : 0);
      const out = this.#room(length + frameHeaderBytes);
      const at = writeFrameHeader(out, this.#at, length, type, flags, id);
      block.copy(out, at, from, from + length);
      this.#at = at + length;
      from += length;
      type = frame.continuation;
    } while (from < block.length);
    this.#mark();
  }

  /** One DATA frame; its length is the caller's to bound by the windows. */
  data(id: number, bytes: Buffer, from: number, to: number, end: boolean): void {
    const length = to - from;
    this.dataFrames++;
    const out = this.#room(length + frameHeaderBytes);
    const start = writeFrameHeader(out, this.#at, length, frame.data, end ? flag.endStream : 0, id);
    if (length > 0) bytes.copy(out, start, from, to);
    this.#at = start + length;
    this.#mark();
  }

  flush(): void {
    this.#isDirty = false;
    const out = this.#buffer;
    const length = this.#at;
    if (out === null) return;
    this.#buffer = null;
    this.#at = 0;
    if (length === 0 || this.isClosed) reuse(out);
    else if (this.#inFlight === null) this.#write(out, length);
    else {
      this.#waiting.push({ bytes: out, length });
      if (this.#waiting.length >= maxWaiting) this.isSocketFull = true;
    }
  }

  /** Ends the connection once everything is written. */
  end(): void {
    this.flush();
    if (this.#inFlight === null) this.#connection.end();
    else this.#endsAfterWaiting = true;
  }

  /** A peer that makes us answer more than it reads is cut off. */
  #countControl(): void {
    if (++this.#controlFrames > this.#maxControlFrames) this.#connection.destroy();
  }

  #write(bytes: Buffer, length: number): void {
    this.#inFlight = bytes;
    this.#connection.writeLent(bytes, length, this.#onWritten);
  }

  #onWritten = (): void => {
    if (this.#inFlight !== null) reuse(this.#inFlight);
    this.#inFlight = null;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#write(next.bytes, next.length);
      return;
    }
    this.#controlFrames = 0;
    if (this.#endsAfterWaiting) this.#connection.end();
    else if (this.isSocketFull) {
      this.isSocketFull = false;
      this.#onRoom();
    }
  };

  #room(bytes: number): Buffer {
    if (this.#buffer !== null && this.#at + bytes > this.#buffer.length) this.flush();
    if (this.#buffer === null) {
      this.#buffer = bytes > outputBytes ? Buffer.allocUnsafeSlow(bytes) : (freeBuffers.pop() ?? Buffer.allocUnsafeSlow(outputBytes));
      this.#at = 0;
    }
    return this.#buffer;
  }

  #mark(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    dirty.push(this);
    if (isFlushScheduled) return;
    isFlushScheduled = true;
    setImmediate(flushDirty);
  }
}

function reuse(buffer: Buffer): void {
  if (buffer.length === outputBytes && freeBuffers.length < maxFreeBuffers) freeBuffers.push(buffer);
}
