import type { Connection } from './connection.ts';

/** Envoy's default for `delayed_close_timeout`. */
export const delayedCloseMs = 1000;

/**
 * Closes a connection whose side here has been ended when the peer does not end its own in time: it may be gone without a word. As with Envoy's delayed
 * close the time begins anew as long as what is queued goes out.
 */
export function closeWithin(connection: Connection, patienceMs: number): void {
  const queued = connection.queuedBytes;
  const timer = setTimeout(() => {
    if (!connection.isOpen) return;
    if (connection.queuedBytes === 0 || connection.queuedBytes === queued) connection.destroy();
    else closeWithin(connection, patienceMs);
  }, patienceMs);
  timer.unref();
}
