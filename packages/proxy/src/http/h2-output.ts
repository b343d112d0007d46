import type { Connection } from '../io/connection.ts';
import { GatheredOutput, outputBytes } from '../io/gathered-output.ts';
import type { H2Counts } from './h2-counts.ts';
import { defaultFrameBytes, flag, frame, frameHeaderBytes, writeFrameHeader, writeUint32 } from './h2-frames.ts';

/** Writes the frames of one HTTP/2 connection. */
export class H2Output extends GatheredOutput {
  /** DATA frames written so far. */
  dataFrames = 0;
  #connection: Connection;
  #controlFrames = 0;
  #maxControlFrames: number;
  readonly #counts: H2Counts;

  /** `onRoom` runs when the socket takes bytes again after it was full. */
  constructor(connection: Connection, maxControlFrames: number, onRoom: () => void, counts: H2Counts) {
    super(connection, onRoom);
    this.#counts = counts;
    this.#connection = connection;
    this.#maxControlFrames = maxControlFrames;
  }

  /** `settings`: identifiers and values in turn. */
  settings(settings: readonly number[]): void {
    const length = (settings.length / 2) * 6;
    const out = this.room(frameHeaderBytes + length);
    let at = writeFrameHeader(out, this.at, length, frame.settings, 0, 0);
    for (let i = 0; i < settings.length; i += 2) {
      out[at] = 0;
      out[at + 1] = settings[i] ?? 0;
      at = writeUint32(out, at + 2, settings[i + 1] ?? 0);
    }
    this.at = at;
    this.mark();
  }

  settingsAck(): void {
    const out = this.room(frameHeaderBytes);
    this.at = writeFrameHeader(out, this.at, 0, frame.settings, flag.ack, 0);
    this.#countControl();
    this.mark();
  }

  /** Echoes the eight bytes at `from`. */
  pingAck(bytes: Buffer, from: number): void {
    const out = this.room(17);
    const to = writeFrameHeader(out, this.at, 8, frame.ping, flag.ack, 0);
    bytes.copy(out, to, from, from + 8);
    this.at = to + 8;
    this.#countControl();
    this.mark();
  }

  ping(): void {
    const out = this.room(17);
    const to = writeFrameHeader(out, this.at, 8, frame.ping, 0, 0);
    out.fill(0, to, to + 8);
    this.at = to + 8;
    this.mark();
  }

  reset(id: number, code: number): void {
    const out = this.room(13);
    this.at = writeUint32(out, writeFrameHeader(out, this.at, 4, frame.rstStream, 0, id), code);
    this.#countControl();
    this.mark();
  }

  goaway(lastStream: number, code: number): void {
    const out = this.room(17);
    const at = writeUint32(out, writeFrameHeader(out, this.at, 8, frame.goaway, 0, 0), lastStream);
    this.at = writeUint32(out, at, code);
    this.mark();
  }

  windowUpdate(id: number, credit: number): void {
    const out = this.room(13);
    this.at = writeUint32(out, writeFrameHeader(out, this.at, 4, frame.windowUpdate, 0, id), credit);
    this.mark();
  }

  /** A header block as HEADERS and as many CONTINUATION frames as it takes. */
  headers(id: number, block: Buffer, end: boolean): void {
    let from = 0;
    let type: number = frame.headers;
    do {
      const length = Math.min(defaultFrameBytes, block.length - from);
      const isLast = from + length === block.length;
      const flags = (isLast ? flag.endHeaders : 0) | (end && type === frame.headers ? flag.endStream : 0);
      const out = this.room(length + frameHeaderBytes);
      const at = writeFrameHeader(out, this.at, length, type, flags, id);
      block.copy(out, at, from, from + length);
      this.at = at + length;
      from += length;
      type = frame.continuation;
    } while (from < block.length);
    this.mark();
  }

  /** The longest payload that the next DATA frame should have, to fill the buffer to its end: full buffers become full TLS records. */
  get dataRoom(): number {
    const room = this.left - frameHeaderBytes;
    return room < smallFrameBytes ? outputBytes - frameHeaderBytes : room;
  }

  /** One DATA frame; its length is the caller's to bound by the windows. */
  data(id: number, bytes: Buffer, from: number, to: number, end: boolean): void {
    const length = to - from;
    this.dataFrames++;
    const out = this.room(length + frameHeaderBytes);
    const start = writeFrameHeader(out, this.at, length, frame.data, end ? flag.endStream : 0, id);
    if (length > 0) bytes.copy(out, start, from, to);
    this.at = start + length;
    this.mark();
  }

  protected override onAllWritten(): void {
    this.#controlFrames = 0;
  }

  /** A peer that makes us answer more than it reads is cut off. */
  #countControl(): void {
    if (++this.#controlFrames <= this.#maxControlFrames) return;
    this.#counts.count('outbound_control_flood');
    this.#connection.destroy();
  }
}

/** What is left of a buffer is not worth a frame below this. */
const smallFrameBytes = 1024;
