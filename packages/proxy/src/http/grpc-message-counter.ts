/** Counts the messages of one direction of a gRPC stream by their length prefixes, whatever the pieces they come in. */
export class GrpcMessageCounter {
  count = 0;
  #prefix = 0;
  #prefixBytes = 0;
  #left = 0;

  read(bytes: Buffer, from: number, to: number): void {
    let p = from;
    while (p < to) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, to - p);
        this.#left -= taken;
        p += taken;
        continue;
      }
      // One byte of flags, then the length in four bytes.
      if (this.#prefixBytes > 0) this.#prefix = this.#prefix * 256 + (bytes[p] ?? 0);
      p++;
      if (++this.#prefixBytes < 5) continue;
      this.count++;
      this.#left = this.#prefix;
      this.#prefix = 0;
      this.#prefixBytes = 0;
    }
  }
}
