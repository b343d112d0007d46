import type { ConnectionOwner } from '../io/connection.ts';

/** A two-way stream of bytes to an upstream: a connection, or a tunnel through an HTTP proxy. Writes answer false when the source should pause. */
export interface ByteStream {
  owner: ConnectionOwner;
  readonly isOpen: boolean;
  readonly queuedBytes: number;
  /** Writes a part of a buffer that the caller will reuse. */
  writeBytes(bytes: Buffer, from: number, to: number): boolean;
  /** Writes a buffer that nobody will change any more. */
  writeOwned(bytes: Buffer): boolean;
  /** Gives what was gathered to the socket. */
  flush(): void;
  pause(): void;
  resume(): void;
  /** Sends what is queued, then the end. */
  end(): void;
  destroy(): void;
}

/** Sends what is queued before closing: the peer's close must not lose the last bytes. */
export function closeAfterFlush(stream: ByteStream): void {
  if (!stream.isOpen) return;
  stream.flush();
  if (stream.queuedBytes === 0) {
    stream.destroy();
    return;
  }
  stream.owner = { onData() {}, onEnd() {}, onDrain: () => stream.destroy(), onClose() {} };
  stream.end();
  setTimeout(() => stream.destroy(), flushTimeoutMs).unref();
}

const flushTimeoutMs = 5000;
