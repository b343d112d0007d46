import { decodeHuffman } from './hpack-huffman.ts';
import { staticTable } from './hpack-tables.ts';

const defaultTableBytes = 4096;
const entryOverhead = 32;
/** Largest encoded name or value. */
const maxStringBytes = 64 * 1024;
const firstDynamic = staticTable.length + 1;

/** Decodes header blocks of one connection's receiving direction (RFC 7541). */
export class HpackDecoder {
  /** Whether the last block had more than was kept. */
  isTooLarge = false;
  /** Newest first, as indices count. */
  #names: string[] = [];
  #values: string[] = [];
  #bytes = 0;
  #maxBytes = defaultTableBytes;
  #limit = defaultTableBytes;
  #at = 0;
  #failed = false;

  /** Takes the table size that our SETTINGS allow the peer; it uses more than the default only after it has said so. */
  setLimit(bytes: number): void {
    this.#limit = bytes;
    this.#maxBytes = Math.min(this.#maxBytes, bytes);
    this.#evict();
  }

  /**
   * Decodes one block into `name, value, …`. Answers null when the coding is broken: the connection cannot go on. Past `maxBytes` of names
   * and values the rest is decoded but not kept, and `isTooLarge` set.
   */
  decode(block: Buffer, from: number, to: number, maxBytes: number): string[] | null {
    const fields: string[] = [];
    let size = 0;
    this.isTooLarge = false;
    let mayResize = true;
    this.#at = from;
    this.#failed = false;
    while (this.#at < to) {
      const first = block[this.#at] ?? 0;
      let name: string;
      let value: string;
      if (first >= 128) {
        const index = this.#integer(block, to, 7);
        [name, value] = this.#entry(index);
      } else if (first >= 64) {
        [name, value] = this.#literal(block, to, 6);
        if (!this.#failed) this.#insert(name, value);
      } else if (first >= 32) {
        const size = this.#integer(block, to, 5);
        if (!mayResize || size > this.#limit) return null;
        this.#maxBytes = size;
        this.#evict();
        continue;
      } else [name, value] = this.#literal(block, to, 4);
      if (this.#failed) return null;
      mayResize = false;
      size += name.length + value.length + entryOverhead;
      if (size > maxBytes) this.isTooLarge = true;
      else fields.push(name, value);
    }
    return this.#failed ? null : fields;
  }

  #literal(block: Buffer, to: number, prefix: number): [string, string] {
    const index = this.#integer(block, to, prefix);
    const name = index === 0 ? this.#string(block, to) : this.#entry(index)[0];
    return [name, this.#string(block, to)];
  }

  #entry(index: number): [string, string] {
    if (index >= firstDynamic) {
      const name = this.#names[index - firstDynamic];
      const value = this.#values[index - firstDynamic];
      if (name !== undefined && value !== undefined) return [name, value];
    } else {
      const entry = staticTable[index - 1];
      if (entry !== undefined) return [entry[0], entry[1]];
    }
    this.#failed = true;
    return ['', ''];
  }

  #integer(block: Buffer, to: number, prefix: number): number {
    const max = (1 << prefix) - 1;
    let value = (block[this.#at++] ?? 0) & max;
    if (value < max) return value;
    let shift = 0;
    for (;;) {
      if (this.#at >= to || shift > 21) {
        this.#failed = true;
        return 0;
      }
      const byte = block[this.#at++] ?? 0;
      value += (byte & 127) << shift;
      if (byte < 128) return value;
      shift += 7;
    }
  }

  #string(block: Buffer, to: number): string {
    if (this.#failed || this.#at >= to) {
      this.#failed = true;
      return '';
    }
    const isHuffman = (block[this.#at] ?? 0) >= 128;
    const length = this.#integer(block, to, 7);
    const start = this.#at;
    if (this.#failed || start + length > to || length > maxStringBytes) {
      this.#failed = true;
      return '';
    }
    this.#at = start + length;
    const text = isHuffman ? decodeHuffman(block, start, start + length) : block.latin1Slice(start, start + length);
    if (text === null) this.#failed = true;
    return text ?? '';
  }

  #insert(name: string, value: string): void {
    this.#names.unshift(name);
    this.#values.unshift(value);
    this.#bytes += name.length + value.length + entryOverhead;
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#maxBytes) {
      const name = this.#names.pop() ?? '';
      const value = this.#values.pop() ?? '';
      this.#bytes -= name.length + value.length + entryOverhead;
    }
  }
}

const staticByField = new Map<string, number>();
const staticByName = new Map<string, number>();
staticTable.forEach(([name, value], i) => {
  staticByField.set(`${name}\0${value}`, i + 1);
  if (!staticByName.has(name)) staticByName.set(name, i + 1);
});

/** Values that change with every message: indexing them would only churn the table. */
const neverRepeated = new Set([
  'x-request-id',
  'traceparent',
  'tracestate',
  'x-b3-spanid',
  'x-b3-traceid',
  'x-b3-parentspanid',
  'content-length',
  'date',
  ':path',
  'x-envoy-upstream-service-time',
  'x-envoy-expected-rq-timeout-ms',
]);
const secret = new Set(['authorization', 'cookie', 'set-cookie', 'proxy-authorization']);

/** Encodes header blocks of one connection's sending direction. Strings go out unencoded: Huffman coding costs more than it saves here. */
export class HpackEncoder {
  #insertions = 0;
  #byField: Map<string, number> = new Map();
  #queue: string[] = [];
  #head = 0;
  #bytes = 0;
  #limit = defaultTableBytes;
  #most: number;
  #announce = -1;

  /** `mostBytes`: the largest table that is used, whatever the peer allows. */
  constructor(mostBytes: number = defaultTableBytes) {
    this.#most = Math.min(mostBytes, defaultTableBytes);
    this.setLimit(this.#most);
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setLimit(bytes: number): void {
    const limit = Math.min(this.#most, bytes);
    if (limit === this.#limit) return;
    this.#limit = limit;
    this.#announce = limit;
    this.#evict();
  }

  /** Must come first in each block: tells a changed table size. */
  start(out: Buffer, at: number): number {
    if (this.#announce < 0) return at;
    const size = this.#announce;
    this.#announce = -1;
    return writeInteger(out, at, 32, 31, size);
  }

  /** Writes one field and answers the offset after it. The buffer must have room: 16 bytes plus both lengths. */
  field(out: Buffer, at: number, name: string, value: string): number {
    const key = `${name}\0${value}`;
    const fixed = staticByField.get(key);
    if (fixed !== undefined) return writeInteger(out, at, 128, 127, fixed);
    const nameIndex = staticByName.get(name) ?? 0;
    if (secret.has(name)) return writeLiteral(out, at, 16, 15, nameIndex, name, value);
    const size = name.length + value.length + entryOverhead;
    if (neverRepeated.has(name) || size > this.#limit >> 1) return writeLiteral(out, at, 0, 15, nameIndex, name, value);
    const inserted = this.#byField.get(key);
    if (inserted !== undefined) return writeInteger(out, at, 128, 127, firstDynamic + this.#insertions - 1 - inserted);
    const end = writeLiteral(out, at, 64, 63, nameIndex, name, value);
    this.#byField.set(key, this.#insertions++);
    this.#queue.push(key);
    this.#bytes += size;
    this.#evict();
    return end;
  }

  #evict(): void {
    while (this.#bytes > this.#limit) {
      const key = this.#queue[this.#head++];
      if (key === undefined) break;
      // The separator stands for one of the 32 bytes.
      this.#bytes -= key.length - 1 + entryOverhead;
      const index = this.#byField.get(key);
      if (index !== undefined && index < this.#insertions - (this.#queue.length - this.#head)) this.#byField.delete(key);
    }
    if (this.#head > 512) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}

function writeLiteral(out: Buffer, start: number, pattern: number, max: number, index: number, name: string, value: string): number {
  let at = writeInteger(out, start, pattern, max, index);
  if (index === 0) at = writeString(out, at, name);
  return writeString(out, at, value);
}

function writeInteger(out: Buffer, start: number, pattern: number, max: number, value: number): number {
  let at = start;
  if (value < max) {
    out[at++] = pattern | value;
    return at;
  }
  out[at++] = pattern | max;
  let rest = value - max;
  while (rest >= 128) {
    out[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}

function writeString(out: Buffer, start: number, text: string): number {
  const at = writeInteger(out, start, 0, 127, text.length);
  const { length } = text;
  if (length >= 24) return at + out.latin1Write(text, at);
  for (let i = 0; i < length; i++) out[at + i] = text.charCodeAt(i);
  return at + length;
}
