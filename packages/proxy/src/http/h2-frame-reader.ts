import { clientPreface, defaultFrameBytes, frameHeaderBytes, h2Error, maxWindow, readUint32 } from './h2-frames.ts';

/** Receives frames. The bytes are only valid during the call. */
export interface FrameConsumer {
  /** Answers false to stop: the connection has failed. */
  onFrame(bytes: Buffer, at: number, length: number, type: number, flags: number, stream: number): boolean;
}

/** Cuts a connection's bytes into HTTP/2 frames; holds at most one frame that is not complete. */
export class H2FrameReader {
  #needsPreface: boolean;
  #partial: Buffer | null = null;

  constructor(needsPreface: boolean) {
    this.#needsPreface = needsPreface;
  }

  /** Hands on every complete frame. Answers an HTTP/2 error code, `none` as long as the bytes are well-formed. */
  read(received: Buffer, receivedLength: number, consumer: FrameConsumer): number {
    let bytes = received;
    let end = receivedLength;
    if (this.#partial !== null) {
      bytes = Buffer.concat([this.#partial, received.subarray(0, receivedLength)]);
      end = bytes.length;
      this.#partial = null;
    }
    let p = 0;
    if (this.#needsPreface) {
      const length = Math.min(end, clientPreface.length);
      if (bytes.compare(clientPreface, 0, length, 0, length) !== 0) return h2Error.protocol;
      if (length === clientPreface.length) {
        p = length;
        this.#needsPreface = false;
      }
    }
    while (!this.#needsPreface && end - p >= frameHeaderBytes) {
      const length = ((bytes[p] ?? 0) << 16) | ((bytes[p + 1] ?? 0) << 8) | (bytes[p + 2] ?? 0);
      if (length > defaultFrameBytes) return h2Error.frameSize;
      if (end - p < frameHeaderBytes + length) break;
      const stream = readUint32(bytes, p + 5) & maxWindow;
      const at = p + frameHeaderBytes;
      if (!consumer.onFrame(bytes, at, length, bytes[p + 3] ?? 0, bytes[p + 4] ?? 0, stream)) return h2Error.none;
      p = at + length;
    }
    if (p < end) this.#partial = Buffer.from(bytes.subarray(p, end));
    return h2Error.none;
  }
}
