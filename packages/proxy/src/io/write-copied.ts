import type net from 'node:net';

/** Parts up to this size are written as text: Node.js needs no object for it. */
export const smallWriteBytes: number = 8 * 1024;
/** Parts from this size on are worth a write of their own. */
export const largeWriteBytes: number = 32 * 1024;

let scratch = Buffer.allocUnsafeSlow(256 * 1024);

/** Writes a part of a buffer that the caller will reuse to a plain socket that has nothing queued. Answers false when the source should pause. */
export function writeCopied(socket: net.Socket, bytes: Buffer, from: number, to: number): boolean {
  const length = to - from;
  if (length <= smallWriteBytes) return socket.write(bytes.latin1Slice(from, to), 'latin1');
  if (length > scratch.length) return socket.write(Buffer.from(bytes.subarray(from, to)));
  const used = scratch;
  bytes.copy(used, 0, from, to);
  const goOn = socket.write(length === used.length ? used : used.subarray(0, length));
  if (socket.writableLength === 0) return true;
  // Not all in the kernel yet: libuv still points at the scratch buffer, so it is handed over.
  scratch = Buffer.allocUnsafeSlow(used.length);
  return goOn;
}
