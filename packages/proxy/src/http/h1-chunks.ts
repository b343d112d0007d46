const state = { size: 0, extension: 1, sizeLineFeed: 2, data: 3, dataReturn: 4, dataLineFeed: 5, trailers: 6, done: 7 } as const;

/** Sizes from here on are refused; zeros may stand before one, however many. */
const tooLarge = 2 ** 48;
const zero = 48;
const maxExtensionBytes = 1024;
const maxTrailerBytes = 16 * 1024;

/** Receives the payload of a chunked body, piece by piece, and its trailer lines at the end. */
export interface ChunkConsumer {
  onChunkData(bytes: Buffer, from: number, to: number): void;
  /** The trailer block including its final empty line; may hold no fields. Answers false when it is malformed. */
  onChunksEnd(trailers: Buffer): boolean;
}

const noTrailers = Buffer.from('\r\n');

/** Decodes the chunked transfer coding (RFC 9112 section 7.1) from any split of the bytes. */
export class ChunkDecoder {
  #state: number = state.size;
  #left = 0;
  #hasDigits = false;
  #extensionBytes = 0;
  #trailers: Buffer | null = null;

  get isDone(): boolean {
    return this.#state === state.done;
  }

  reset(): void {
    this.#state = state.size;
    this.#left = 0;
    this.#hasDigits = false;
    this.#extensionBytes = 0;
    this.#trailers = null;
  }

  /** Decodes `bytes[from, end)`. Answers the offset after what belongs to the body, or -1 when the coding is broken. */
  decode(bytes: Buffer, from: number, end: number, consumer: ChunkConsumer): number {
    let p = from;
    while (p < end && this.#state !== state.done) {
      p = this.#step(bytes, p, end, consumer);
      if (p < 0) return -1;
    }
    return p;
  }

  #step(bytes: Buffer, p: number, end: number, consumer: ChunkConsumer): number {
    const byte = bytes[p] ?? 0;
    switch (this.#state) {
      case state.size:
        if (byte === zero && this.#left === 0) return this.#skipZeros(bytes, p, end);
        return this.#sizeByte(byte) ? p + 1 : -1;
      case state.extension:
        if (byte === 13) this.#state = state.sizeLineFeed;
        else if ((byte < 32 && byte !== 9) || ++this.#extensionBytes > maxExtensionBytes) return -1;
        return p + 1;
      case state.sizeLineFeed:
        if (byte !== 10) return -1;
        this.#state = this.#left === 0 ? state.trailers : state.data;
        return p + 1;
      case state.data: {
        const to = Math.min(end, p + this.#left);
        this.#left -= to - p;
        if (this.#left === 0) this.#state = state.dataReturn;
        consumer.onChunkData(bytes, p, to);
        return to;
      }
      case state.dataReturn:
        this.#state = state.dataLineFeed;
        return byte === 13 ? p + 1 : -1;
      case state.dataLineFeed:
        this.#state = state.size;
        this.#hasDigits = false;
        return byte === 10 ? p + 1 : -1;
      default:
        return this.#trailerBytes(bytes, p, end, consumer);
    }
  }

  /** At once: a peer may send nothing but zeros for as long as it likes. */
  #skipZeros(bytes: Buffer, from: number, end: number): number {
    this.#hasDigits = true;
    let p = from;
    while (p < end && bytes[p] === zero) p++;
    return p;
  }

  #sizeByte(byte: number): boolean {
    const value = hexValue(byte);
    if (value >= 0) {
      this.#left = this.#left * 16 + value;
      this.#hasDigits = true;
      return this.#left < tooLarge;
    }
    if (!this.#hasDigits) return false;
    if (byte === 13) this.#state = state.sizeLineFeed;
    else if (byte === 59) this.#state = state.extension;
    else return false;
    return true;
  }

  #trailerBytes(bytes: Buffer, p: number, end: number, consumer: ChunkConsumer): number {
    if (this.#trailers === null && end - p >= 2 && bytes[p] === 13 && bytes[p + 1] === 10) {
      this.#state = state.done;
      return consumer.onChunksEnd(noTrailers) ? p + 2 : -1;
    }
    const before = this.#trailers;
    const had = before === null ? 0 : before.length;
    const all = before === null ? Buffer.from(bytes.subarray(p, end)) : Buffer.concat([before, bytes.subarray(p, end)]);
    const stop = trailersEnd(all, had);
    if (stop < 0) {
      this.#trailers = all;
      return all.length > maxTrailerBytes ? -1 : end;
    }
    this.#state = state.done;
    this.#trailers = null;
    return consumer.onChunksEnd(all.subarray(0, stop)) ? p + (stop - had) : -1;
  }
}

/** Where the trailer block ends, or -1 while it is incomplete. */
function trailersEnd(block: Buffer, alreadySearched: number): number {
  if (block.length >= 2 && block[0] === 13 && block[1] === 10) return 2;
  const at = block.indexOf('\r\n\r\n', Math.max(0, alreadySearched - 3), 'latin1');
  return at < 0 ? -1 : at + 4;
}

function hexValue(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
