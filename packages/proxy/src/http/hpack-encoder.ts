import { defaultTableBytes, entryOverhead, firstDynamic, staticTable } from './hpack-tables.ts';

/** Values that change with every message: indexing them would only churn the table. */
const neverRepeated = [
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
];
const secret = ['authorization', 'cookie', 'set-cookie', 'proxy-authorization'];

/** How the fields of one name are encoded. */
interface NameCoding {
  /** The name's first index in the static table; 0 when it is not there. */
  readonly index: number;
  /** Indices of the static table's fields, by value. */
  readonly fixed: ReadonlyMap<string, number>;
  readonly form: 'indexed' | 'literal' | 'secret';
}

const usualCoding: NameCoding = { index: 0, fixed: new Map(), form: 'indexed' };
const codings = namedCodings();

function namedCodings(): ReadonlyMap<string, NameCoding> {
  const names = new Set([...staticTable.map(([name]) => name), ...neverRepeated, ...secret]);
  return new Map(Array.from(names, (name) => [name, codingOf(name)]));
}

function codingOf(name: string): NameCoding {
  const fixed = new Map<string, number>();
  staticTable.forEach(([fixedName, value], i) => {
    if (fixedName === name) fixed.set(value, i + 1);
  });
  const index = staticTable.findIndex(([fixedName]) => fixedName === name) + 1;
  return { index, fixed, form: secret.includes(name) ? 'secret' : neverRepeated.includes(name) ? 'literal' : 'indexed' };
}

/** Encodes header blocks of one connection's sending direction. Strings go out unencoded: Huffman coding costs more than it saves here. */
export class HpackEncoder {
  #insertions = 0;
  /** Number of the insertion, by name and value: looking one up puts no text together. */
  #byName: Map<string, Map<string, number>> = new Map();
  /** Names and values in turn, oldest first, from `#head` on. */
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
    const { index, fixed, form } = codings.get(name) ?? usualCoding;
    const fixedIndex = fixed.get(value);
    if (fixedIndex !== undefined) return writeInteger(out, at, 128, 127, fixedIndex);
    if (form === 'secret') return writeLiteral(out, at, 16, 15, index, name, value);
    const size = name.length + value.length + entryOverhead;
    if (form === 'literal' || size > this.#limit >> 1) return writeLiteral(out, at, 0, 15, index, name, value);
    const inserted = this.#byName.get(name)?.get(value);
    if (inserted !== undefined) return writeInteger(out, at, 128, 127, firstDynamic + this.#insertions - 1 - inserted);
    this.#insert(name, value);
    return writeLiteral(out, at, 64, 63, index, name, value);
  }

  #insert(name: string, value: string): void {
    const byValue = this.#byName.get(name);
    if (byValue === undefined) this.#byName.set(name, new Map([[value, this.#insertions]]));
    else byValue.set(value, this.#insertions);
    this.#insertions++;
    this.#queue.push(name, value);
    this.#bytes += name.length + value.length + entryOverhead;
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#limit && this.#head < this.#queue.length) {
      const name = this.#queue[this.#head++] ?? '';
      const value = this.#queue[this.#head++] ?? '';
      this.#bytes -= name.length + value.length + entryOverhead;
      const byValue = this.#byName.get(name);
      byValue?.delete(value);
      if (byValue?.size === 0) this.#byName.delete(name);
    }
    if (this.#head > 128) {
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
