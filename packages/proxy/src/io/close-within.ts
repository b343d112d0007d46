import type { Connection } from './connection.ts';

/** Envoy's default for `delayed_close_timeout`. */
export const delayedCloseMs = 1000;

/**
 * Closes a connection whose side here has been ended when the peer does not end its own in time: it may be gone without a word. As with Envoy's delayed
 * close the time begins anew as long as what is queued goes out.
 */
export function closeWithin(connection: Connection, patienceMs: number): void {
  let queued = connection.queuedBytes;
  const timer = setInterval(() => {
    const before = queued;
    queued = connection.queuedBytes;
    if (queued === 0 || queued === before) connection.destroy();
  }, patienceMs);
  timer.unref();
  connection.socket.once('close', () => clearInterval(timer));
}
