import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { startProxy } from './proxy.ts';
import type { LogLevel, ProxyLog } from './proxy-options.ts';
import type { Bootstrap } from './xds/bootstrap.ts';

/** Proxies in several threads that share their listeners' ports. */
export interface WorkerGroup {
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

interface WorkerMessage {
  readonly kind: 'ready' | 'log' | 'failed';
  readonly level?: LogLevel;
  readonly text?: string;
}

/** Runs the same bootstrap in several threads; the kernel spreads new connections. Only the first has the admin interface. */
export async function startWorkers(bootstrap: Bootstrap, count: number, log: ProxyLog): Promise<WorkerGroup> {
  const workers: Worker[] = [];
  const ready: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    const { admin: _admin, ...rest } = bootstrap;
    const worker = new Worker(new URL(import.meta.url), { workerData: { weftBootstrap: index === 0 ? bootstrap : rest } });
    workers.push(worker);
    ready.push(whenReady(worker, log));
  }
  return {
    ready: Promise.all(ready).then(() => {}),
    stop: async () => {
      await Promise.all(workers.map(stopWorker));
    },
  };
}

function whenReady(worker: Worker, log: ProxyLog): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'ready') resolve();
      else if (message.kind === 'failed') reject(new Error(message.text));
      else log(message.level ?? 'info', message.text ?? '');
    });
    worker.once('error', reject);
  });
}

function stopWorker(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('exit', () => resolve());
    worker.postMessage('stop');
  });
}

async function runWorker(bootstrap: Bootstrap): Promise<void> {
  const port = parentPort;
  const tell = (message: WorkerMessage): void => port?.postMessage(message);
  try {
    const proxy = await startProxy({ bootstrap, reusePort: true, log: (level, text) => tell({ kind: 'log', level, text }) });
    port?.once('message', () => {
      void proxy.stop().then(() => process.exit(0));
    });
    await proxy.ready;
    tell({ kind: 'ready' });
  } catch (error) {
    tell({ kind: 'failed', text: error instanceof Error ? error.message : String(error) });
  }
}

const data: unknown = workerData;
if (!isMainThread && typeof data === 'object' && data !== null && 'weftBootstrap' in data) void runWorker(data.weftBootstrap as Bootstrap);
