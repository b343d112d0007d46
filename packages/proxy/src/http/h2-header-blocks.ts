import { flag, frameHeaderBytes, h2Error, maxWindow, readUint32 } from './h2-frames.ts';
import { HpackDecoder } from './hpack-decoder.ts';

/** Receives decoded blocks; `fields` are names and values in turn, null when they are larger than is accepted. */
export interface HeaderBlockConsumer {
  onHeaders(id: number, fields: string[] | null, end: boolean): void;
}

/** What is accepted of one block. */
export interface HeaderBlockLimits {
  /** Most bytes of names and values together. */
  readonly maxBytes: number;
  readonly maxFields: number;
}

/** Encoded bytes may be more than what is accepted of decoded ones, so that a block that is a little too large is still answered. */
const maxEncodedBytes = (limits: HeaderBlockLimits): number => limits.maxBytes * 2;
const maxContinuations = 32;

interface OpenBlock {
  readonly stream: number;
  readonly flags: number;
  readonly parts: Buffer[];
  bytes: number;
}

/** Puts header blocks together from HEADERS and CONTINUATION frames and decodes them, within bounds. Both answer an HTTP/2 error code. */
export class H2HeaderBlocks {
  #consumer: HeaderBlockConsumer;
  #limits: HeaderBlockLimits;
  #decoder: HpackDecoder = new HpackDecoder();
  #open: OpenBlock | null = null;
  /** Bytes of the last block; as Envoy counts it, with the head of one frame however many it came in. */
  wireBytes = 0;

  constructor(consumer: HeaderBlockConsumer, limits: HeaderBlockLimits) {
    this.#consumer = consumer;
    this.#limits = limits;
  }

  /** The table size that our SETTINGS allow the peer, once it has acknowledged them. */
  set tableBytes(bytes: number) {
    this.#decoder.setLimit(bytes);
  }

  /** The stream whose block the next frame must continue; 0 for none. */
  get openStream(): number {
    return this.#open === null ? 0 : this.#open.stream;
  }

  /** Reads the payload of a HEADERS frame. */
  read(bytes: Buffer, at: number, length: number, flags: number, id: number): number {
    this.wireBytes = length + frameHeaderBytes;
    let from = at;
    let to = at + length;
    if ((flags & flag.padded) !== 0) {
      to -= bytes[from] ?? 0;
      from++;
    }
    if ((flags & flag.priority) !== 0) {
      if ((readUint32(bytes, from) & maxWindow) === id) return h2Error.protocol;
      from += 5;
    }
    if (to < from) return h2Error.protocol;
    if ((flags & flag.endHeaders) !== 0) return this.#decode(bytes, from, to, id, flags);
    this.#open = { stream: id, flags, parts: [Buffer.from(bytes.subarray(from, to))], bytes: to - from };
    return h2Error.none;
  }

  /** Reads the payload of a CONTINUATION frame. */
  readContinuation(bytes: Buffer, at: number, length: number, flags: number): number {
    const block = this.#open;
    if (block === null) return h2Error.protocol;
    block.bytes += length;
    this.wireBytes += length;
    if (block.bytes > maxEncodedBytes(this.#limits)) return h2Error.compression;
    if (block.parts.length > maxContinuations) return h2Error.enhanceYourCalm;
    block.parts.push(Buffer.from(bytes.subarray(at, at + length)));
    if ((flags & flag.endHeaders) === 0) return h2Error.none;
    this.#open = null;
    const whole = Buffer.concat(block.parts);
    return this.#decode(whole, 0, whole.length, block.stream, block.flags);
  }

  #decode(bytes: Buffer, from: number, to: number, id: number, flags: number): number {
    const fields = this.#decoder.decode(bytes, from, to, this.#limits.maxBytes);
    if (fields === null) return h2Error.compression;
    const isTooLarge = this.#decoder.isTooLarge || fields.length > this.#limits.maxFields * 2;
    this.#consumer.onHeaders(id, isTooLarge ? null : fields, (flags & flag.endStream) !== 0);
    return h2Error.none;
  }
}
