import { outputBytes } from '../io/gathered-output.ts';
import { defaultFrameBytes, frameHeaderBytes, maxWindow } from './h2-frames.ts';
import type { H2Output } from './h2-output.ts';
import type { SettingsTarget } from './h2-settings.ts';
import type { H2Stream } from './h2-stream.ts';
import type { StreamTable } from './h2-stream-table.ts';
import { FieldHeaders, type Headers } from './headers.ts';
import { HpackEncoder } from './hpack-encoder.ts';

/** The connection that a sender works for. */
export interface SendingConnection {
  /** Our side of the stream is complete. */
  onLocalEnd(stream: H2Stream): void;
  /** What the stream had queued is sent. */
  onStreamDrain(stream: H2Stream): void;
}

/** Sends header blocks and bodies within the windows that the peer gives (RFC 9113 section 5.2); what does not fit waits. */
export class H2Sender implements SettingsTarget {
  /** Window of a new stream. */
  initialWindow = defaultWindow;
  /** Streams that the peer lets us have open. */
  maxStreams = 100;
  #owner: SendingConnection;
  #out: H2Output;
  #streams: StreamTable<H2Stream>;
  #encoder: HpackEncoder;
  #window = defaultWindow;
  #frameBytes = defaultFrameBytes;
  #blocked: H2Stream[] = [];

  /** `tableBytes`: the largest header table that it uses. */
  constructor(owner: SendingConnection, out: H2Output, streams: StreamTable<H2Stream>, tableBytes: number) {
    this.#encoder = new HpackEncoder(tableBytes);
    this.#owner = owner;
    this.#streams = streams;
    this.#out = out;
  }

  set headerTableBytes(bytes: number) {
    this.#encoder.setLimit(bytes);
  }

  set maxFrameBytes(bytes: number) {
    this.#frameBytes = Math.min(bytes, outputBytes / 2);
  }

  changeInitialWindow(value: number): boolean {
    const change = value - this.initialWindow;
    this.initialWindow = value;
    for (const stream of this.#streams.values()) {
      stream.sendWindow += change;
      if (stream.sendWindow > maxWindow) return false;
    }
    return true;
  }

  /** Takes credit for the connection; answers false when its window overflows. */
  addCredit(credit: number): boolean {
    this.#window += credit;
    return this.#window <= maxWindow;
  }

  sendHeaders(stream: H2Stream, pseudo: readonly string[], headers: Headers, end: boolean): void {
    this.#sendBlock(stream, this.#encode(pseudo, headers), end);
    if (end) this.#owner.onLocalEnd(stream);
  }

  #sendBlock(stream: H2Stream, block: Buffer, end: boolean): void {
    stream.wireBytesSent += block.length + frameHeaderBytes;
    this.#out.headers(stream.id, block, end);
  }

  /**
   * Answers false when the source should pause until the stream drains: the socket is full, or bytes had to be queued for want of window.
   * What has been read already becomes frames even when the socket is full, because queueing it would only copy it once more.
   */
  sendBody(stream: H2Stream, bytes: Buffer, from: number, to: number, end: boolean): boolean {
    let at = from;
    if (stream.queuedBytes === 0) {
      at = this.#writeData(stream, bytes, from, to, end);
      if (at === to) {
        if (end) {
          if (from === to) this.#out.data(stream.id, bytes, to, to, true);
          this.#owner.onLocalEnd(stream);
        } else if (this.#out.isFull) {
          this.#waitFor(stream);
          return false;
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
    this.#waitFor(stream);
    return false;
  }

  sendTrailers(stream: H2Stream, trailers: Headers): void {
    const waits = stream.queuedBytes > 0;
    // The codec that read them reuses its headers.
    stream.queuedEnd = waits ? FieldHeaders.from(trailers) : trailers;
    if (!waits) this.#finishQueue(stream);
  }

  /** Sends what waited, after windows or the socket opened. */
  pump(): void {
    if (this.#blocked.length === 0 || this.#out.isClosed) return;
    const waiting = this.#blocked;
    this.#blocked = [];
    for (const stream of waiting) {
      stream.isBlocked = false;
      if (stream.isClosed) continue;
      this.#drainQueue(stream);
      if (stream.queuedBytes > 0) this.#waitFor(stream);
      else {
        this.#finishQueue(stream);
        if (!stream.isClosed && !stream.hasLocalEnd) this.#owner.onStreamDrain(stream);
      }
    }
  }

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

  /** Writes as much as windows allow; answers the offset after it. */
  #writeData(stream: H2Stream, bytes: Buffer, from: number, to: number, end: boolean): number {
    let at = from;
    while (at < to) {
      const length = Math.min(to - at, stream.sendWindow, this.#window, this.#frameBytes, this.#out.dataRoom);
      if (length <= 0) return at;
      this.#out.data(stream.id, bytes, at, at + length, end && at + length === to);
      stream.sendWindow -= length;
      this.#window -= length;
      at += length;
    }
    return at;
  }

  #waitFor(stream: H2Stream): void {
    if (stream.isBlocked) return;
    stream.isBlocked = true;
    this.#blocked.push(stream);
  }

  #drainQueue(stream: H2Stream): void {
    while (stream.queue.length > 0 && !this.#out.isFull) {
      const chunk = stream.queue[0] as Buffer;
      const isLast = stream.queue.length === 1 && stream.queuedEnd === 'end';
      const at = this.#writeData(stream, chunk, 0, chunk.length, isLast);
      stream.queuedBytes -= at;
      if (at < chunk.length) {
        stream.queue[0] = chunk.subarray(at);
        return;
      }
      stream.queue.shift();
      if (isLast) this.#owner.onLocalEnd(stream);
    }
  }

  #finishQueue(stream: H2Stream): void {
    if (stream.hasLocalEnd || stream.isClosed) return;
    const end = stream.queuedEnd;
    if (end === 'none') return;
    if (end === 'end') this.#out.data(stream.id, noBytes, 0, 0, true);
    else this.#sendBlock(stream, this.#encode(noFields, end), true);
    this.#owner.onLocalEnd(stream);
  }
}

const defaultWindow = 65535;
const noBytes = Buffer.alloc(0);
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
