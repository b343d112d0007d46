import { decodeHuffman } from './hpack-huffman.ts';
import { defaultTableBytes, entryOverhead, firstDynamic, staticTable } from './hpack-tables.ts';

/** Largest encoded name or value. */
const maxStringBytes = 64 * 1024;
/** How many places of evicted entries are left before they are cleared away together. */
const maxEvicted = 64;

/** Decodes header blocks of one connection's receiving direction (RFC 7541). */
export class HpackDecoder {
  /** Whether the last block had more than was kept. */
  isTooLarge = false;
  /** Oldest first, from `#oldest` on: indices count from the end. */
  #names: string[] = [];
  #values: string[] = [];
  #oldest = 0;
  #bytes = 0;
  #maxBytes = defaultTableBytes;
  #limit = defaultTableBytes;
  #at = 0;
  #failed = false;
  /** The field that was read last. */
  #name = '';
  #value = '';

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
      if (first >= 128) this.#entry(this.#integer(block, to, 7));
      else if (first >= 64) {
        this.#literal(block, to, 6);
        if (!this.#failed) this.#insert(this.#name, this.#value);
      } else if (first >= 32) {
        const size = this.#integer(block, to, 5);
        if (!mayResize || size > this.#limit) return null;
        this.#maxBytes = size;
        this.#evict();
        continue;
      } else this.#literal(block, to, 4);
      if (this.#failed) return null;
      mayResize = false;
      size += this.#name.length + this.#value.length + entryOverhead;
      if (size > maxBytes) this.isTooLarge = true;
      else fields.push(this.#name, this.#value);
    }
    return this.#failed ? null : fields;
  }

  #literal(block: Buffer, to: number, prefix: number): void {
    const index = this.#integer(block, to, prefix);
    if (index === 0) this.#name = this.#string(block, to);
    else this.#entry(index);
    this.#value = this.#string(block, to);
  }

  #entry(index: number): void {
    if (index >= firstDynamic) {
      const at = this.#names.length - 1 - (index - firstDynamic);
      if (at >= this.#oldest) {
        this.#name = this.#names[at] ?? '';
        this.#value = this.#values[at] ?? '';
        return;
      }
    } else {
      const entry = staticTable[index - 1];
      if (entry !== undefined) {
        this.#name = entry[0];
        this.#value = entry[1];
        return;
      }
    }
    this.#failed = true;
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
    this.#names.push(name);
    this.#values.push(value);
    this.#bytes += name.length + value.length + entryOverhead;
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#maxBytes) {
      const at = this.#oldest++;
      this.#bytes -= (this.#names[at] ?? '').length + (this.#values[at] ?? '').length + entryOverhead;
      this.#names[at] = '';
      this.#values[at] = '';
    }
    if (this.#oldest <= maxEvicted) return;
    this.#names.splice(0, this.#oldest);
    this.#values.splice(0, this.#oldest);
    this.#oldest = 0;
  }
}
