import { clientPreface, defaultFrameBytes, flag, frame, frameHeaderBytes, h2Error, maxWindow, readUint32 } from './h2-frames.ts';

/** Receives frames. The bytes are only valid during the call. */
export interface FrameConsumer {
  /** Answers false to stop: the connection has failed. */
  onFrame(bytes: Buffer, at: number, length: number, type: number, flags: number, stream: number): boolean;
}

/**
 * Cuts a connection's bytes into HTTP/2 frames; holds at most one frame that is not complete. DATA without padding is not held: what is
 * there of it is handed on as a frame of its own, which means the same and spares copying most of a body.
 */
export class H2FrameReader {
  #needsPreface: boolean;
  #partial: Buffer | null = null;
  /** Bytes of a DATA frame that are still to come, with its flags and stream. */
  #dataLeft = 0;
  #dataFlags = 0;
  #dataStream = 0;

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
    while (!this.#needsPreface && p < end) {
      if (this.#dataLeft > 0) {
        const length = Math.min(this.#dataLeft, end - p);
        this.#dataLeft -= length;
        const flags = this.#dataLeft === 0 ? this.#dataFlags : this.#dataFlags & ~flag.endStream;
        if (!consumer.onFrame(bytes, p, length, frame.data, flags, this.#dataStream)) return h2Error.none;
        p += length;
        continue;
      }
      if (end - p < frameHeaderBytes) break;
      const length = ((bytes[p] ?? 0) << 16) | ((bytes[p + 1] ?? 0) << 8) | (bytes[p + 2] ?? 0);
      if (length > defaultFrameBytes) return h2Error.frameSize;
      const type = bytes[p + 3] ?? 0;
      const flags = bytes[p + 4] ?? 0;
      const stream = readUint32(bytes, p + 5) & maxWindow;
      const at = p + frameHeaderBytes;
      if (end - at < length) {
        if (type !== frame.data || (flags & flag.padded) !== 0) break;
        this.#dataLeft = length;
        this.#dataFlags = flags;
        this.#dataStream = stream;
        p = at;
        continue;
      }
      if (!consumer.onFrame(bytes, at, length, type, flags, stream)) return h2Error.none;
      p = at + length;
    }
    if (p < end) this.#partial = Buffer.from(bytes.subarray(p, end));
    return h2Error.none;
  }
}
