import type { Headers } from './headers.ts';

/** The part of a request body held until an upstream is ready, or for a retry. Bounded: past its limit nothing is kept. */
export class BodyBuffer {
  /** Whether what was sent is still needed (for a retry). Ends by itself when the body grows too large. */
  isKept = false;
  trailers: Headers | null = null;
  length = 0;
  #chunks: Buffer[] = [];
  #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.length >= this.#limit;
  }

  /** Lets at least so many bytes be held. */
  allow(bytes: number): void {
    this.#limit = Math.max(this.#limit, bytes);
  }

  /** Holds bytes that were not sent yet; the caller stops the source once `isFull`. */
  hold(bytes: Buffer, from: number, to: number): void {
    if (to === from) return;
    this.length += to - from;
    this.#chunks.push(Buffer.from(bytes.subarray(from, to)));
  }

  /** Keeps a copy of bytes that are being sent, unless that grows past the limit. */
  keep(bytes: Buffer, from: number, to: number): void {
    if (this.length + (to - from) <= this.#limit) {
      this.hold(bytes, from, to);
      return;
    }
    this.isKept = false;
    this.clear();
  }

  each(visit: (chunk: Buffer, isLast: boolean) => void): void {
    const chunks = this.#chunks;
    chunks.forEach((chunk, index) => {
      visit(chunk, index === chunks.length - 1);
    });
  }

  /** A copy of the first so many bytes, or of all. */
  first(maxBytes: number): Buffer {
    return Buffer.concat(this.#chunks).subarray(0, maxBytes);
  }

  forgetUnlessKept(): void {
    if (!this.isKept) this.clear();
  }

  clear(): void {
    this.#chunks = [];
    this.length = 0;
  }
}
