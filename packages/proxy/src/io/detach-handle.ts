import type net from 'node:net';

interface WithHandle {
  _handle: { readStop?(): void } | null;
}

/** The one private touch of Node: without it accepted sockets fall back to `data` events (about 8 % slower). */
export function detachHandle(socket: net.Socket): object | null {
  const holder = socket as unknown as WithHandle;
  const handle = holder._handle;
  if (handle === null || handle === undefined || typeof handle.readStop !== 'function') return null;
  handle.readStop();
  holder._handle = null;
  return handle;
}
