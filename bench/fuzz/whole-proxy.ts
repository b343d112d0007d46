import { once } from 'node:events';
import { connect } from 'node:net';
import type { Target } from './campaign.ts';

/** Targets that share proxies and servers of this process. */
export interface WholeProxyTargets {
  readonly targets: readonly Target[];
  stop(): Promise<void>;
}

const closesAfterMs = 40;

/** Sends bytes, ends, and waits for the connection to end, but not for ever. */
export async function throwAt(port: number, bytes: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.end(bytes);
  const timer = setTimeout(() => socket.destroy(), closesAfterMs);
  await once(socket, 'close');
  clearTimeout(timer);
}

/** Runs and throws what the proxy tells on stderr of mistakes of its own meanwhile. */
export async function makesNoMistake(run: () => Promise<void>): Promise<void> {
  const { write } = process.stderr;
  let told = '';
  process.stderr.write = (chunk: string | Uint8Array): boolean => {
    if (String(chunk).startsWith('weft proxy:')) told += String(chunk);
    return true;
  };
  try {
    await run();
  } finally {
    process.stderr.write = write;
  }
  if (told !== '') throw new Error(told);
}
