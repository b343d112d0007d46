/** What arrived on an HTTP/1.x connection and cannot be read yet: part of a head, or requests after the one under way. */
export class H1HeldBytes {
  /** Bytes of a part of a head in which its end is known not to be. */
  searchedBytes = 0;
  #bytes: Buffer | null = null;

  get isEmpty(): boolean {
    return this.#bytes === null;
  }

  get length(): number {
    return this.#bytes?.length ?? 0;
  }

  /** Keeps a copy. */
  hold(bytes: Buffer, from: number, end: number): void {
    this.#bytes = Buffer.from(bytes.subarray(from, end));
  }

  /** Keeps a copy of a part of a head. */
  holdHead(bytes: Buffer, from: number, end: number): void {
    this.searchedBytes = end - from;
    this.hold(bytes, from, end);
  }

  /** Answers what is held, and forgets it. */
  take(): Buffer | null {
    const bytes = this.#bytes;
    this.#bytes = null;
    return bytes;
  }

  /** Looks for the empty line from where the last search ended, so that a head in many packets is not parsed each time. */
  isHeadComplete(bytes: Buffer, from: number, end: number): boolean {
    return bytes.subarray(0, end).indexOf('\r\n\r\n', Math.max(from, from + this.searchedBytes - 3), 'latin1') >= 0;
  }
}
