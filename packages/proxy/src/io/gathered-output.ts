/** Capacity of an output buffer, and so the largest amount written at once: eight TLS records, which Node.js sends in one system call. */
export const outputBytes: number = 128 * 1024;

const maxFreeBuffers = 32;
const freeBuffers: Buffer[] = [];
const dirty: GatheredOutput[] = [];
let isFlushScheduled = false;

/** All outputs that were written to in a turn of the loop are flushed together at its end: one write each. */
function flushDirty(): void {
  isFlushScheduled = false;
  for (const output of dirty.splice(0)) output.flush();
}

/** Full buffers that wait for the one being written; bodies wait when there are more. */
const maxWaiting = 2;

/** Where gathered bytes go. */
export interface OutputSink {
  /** Writes the first bytes of a buffer that nobody touches until `onWritten`, which runs in any case. */
  writeLent(bytes: Buffer, length: number, onWritten: () => void): void;
  /** Sends FIN after what was written. */
  end(): void;
}

/** Bytes on their way to the socket. */
interface Written {
  readonly bytes: Buffer;
  readonly length: number;
}

/**
 * Gathers what is written to a connection in a turn of the loop to one write. Buffers are lent to the socket, and one after the other: Node
 * would copy several into one before it encrypts them.
 */
export class GatheredOutput {
  /** The socket takes less than it is given: bodies wait. */
  isFull = false;
  /** Nothing more is taken; what waits is still written. */
  isClosed = false;
  /** Where the next byte goes in the buffer that `room` answers. */
  protected at = 0;
  readonly #sink: OutputSink;
  readonly #onRoom: () => void;
  #buffer: Buffer | null = null;
  #isDirty = false;
  #inFlight: Buffer | null = null;
  #waiting: Written[] = [];
  #endsAfterWaiting = false;

  /** `onRoom` runs when the socket takes bytes again after it was full. */
  constructor(sink: OutputSink, onRoom: () => void) {
    this.#sink = sink;
    this.#onRoom = onRoom;
  }

  /** Bytes that the socket does not have yet. */
  get pendingBytes(): number {
    let bytes = this.at;
    for (const { length } of this.#waiting) bytes += length;
    return bytes;
  }

  /** Takes a copy of bytes, as many buffers as they need. */
  append(bytes: Buffer, from: number, to: number): void {
    for (let p = from; p < to; ) {
      const length = Math.min(to - p, this.left === 0 ? outputBytes : this.left);
      bytes.copy(this.room(length), this.at, p, p + length);
      this.at += length;
      p += length;
    }
    this.mark();
  }

  /** Takes Latin-1 text. */
  appendText(text: string): void {
    const out = this.room(text.length);
    this.at += out.latin1Write(text, this.at);
    this.mark();
  }

  flush(): void {
    this.#isDirty = false;
    const out = this.#buffer;
    const length = this.at;
    if (out === null) return;
    this.#buffer = null;
    this.at = 0;
    if (length === 0 || this.isClosed) reuse(out);
    else if (this.#inFlight === null) this.#write(out, length);
    else {
      this.#waiting.push({ bytes: out, length });
      if (this.#waiting.length >= maxWaiting) this.isFull = true;
    }
  }

  /** Ends the connection once everything is written. */
  end(): void {
    this.flush();
    if (this.#inFlight === null) this.#sink.end();
    else this.#endsAfterWaiting = true;
  }

  /** Everything is with the socket. */
  protected onAllWritten(): void {}

  /** What the buffer under way can still take. */
  protected get left(): number {
    return this.#buffer === null ? 0 : this.#buffer.length - this.at;
  }

  /** The buffer that has room for so many bytes from `at` on. */
  protected room(bytes: number): Buffer {
    if (this.#buffer !== null && this.at + bytes > this.#buffer.length) this.flush();
    if (this.#buffer === null) {
      this.#buffer = bytes > outputBytes ? Buffer.allocUnsafeSlow(bytes) : (freeBuffers.pop() ?? Buffer.allocUnsafeSlow(outputBytes));
      this.at = 0;
    }
    return this.#buffer;
  }

  /** Has what was put into the buffer written at the end of the turn. */
  protected mark(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    dirty.push(this);
    if (isFlushScheduled) return;
    isFlushScheduled = true;
    setImmediate(flushDirty);
  }

  #write(bytes: Buffer, length: number): void {
    this.#inFlight = bytes;
    this.#sink.writeLent(bytes, length, this.#onWritten);
  }

  #onWritten = (): void => {
    if (this.#inFlight !== null) reuse(this.#inFlight);
    this.#inFlight = null;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#write(next.bytes, next.length);
      return;
    }
    this.onAllWritten();
    if (this.#endsAfterWaiting) this.#sink.end();
    else if (this.isFull) {
      this.isFull = false;
      this.#onRoom();
    }
  };
}

function reuse(buffer: Buffer): void {
  if (buffer.length === outputBytes && freeBuffers.length < maxFreeBuffers) freeBuffers.push(buffer);
}
