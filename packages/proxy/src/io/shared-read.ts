import net from 'node:net';
import type { TLSSocket } from 'node:tls';

/** Receives bytes that are only valid during the call. */
type ReadCallback = (length: number, bytes: Uint8Array) => boolean;

/**
 * Makes a TLS socket that is already there read into one buffer, as the public option `onread` does for sockets that Node opens itself:
 * without it each record is read into a buffer of its own. Answers false where this Node.js keeps its sockets differently.
 */
export function readInto(socket: TLSSocket, buffer: Buffer, onRead: ReadCallback): boolean {
  const inner = socket as unknown as Record<symbol, unknown> & { readonly _handle: { useUserBuffer?(bytes: Buffer): void } | null };
  const handle = inner._handle;
  if (bufferKey === undefined || callbackKey === undefined || typeof handle?.useUserBuffer !== 'function') return false;
  inner[bufferKey] = buffer;
  inner[callbackKey] = onRead;
  handle.useUserBuffer(buffer);
  return true;
}

const keys = Object.getOwnPropertySymbols(new net.Socket());
const bufferKey = keys.find(({ description }) => description === 'kBuffer');
const callbackKey = keys.find(({ description }) => description === 'kBufferCb');
