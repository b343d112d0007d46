import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { SharedTable } from '../io/shared-table.ts';
import { startProxy } from '../proxy.ts';
import type { RunningProxy } from '../proxy-options.ts';
import { ToldHealth } from '../upstream/told-health.ts';
import type { StreamStatus } from '../xds/discovery-stream.ts';
import type { PlanStore } from '../xds/plan-store.ts';
import type { ResourceSource } from '../xds/resource-source.ts';
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts';

/** Resources that the main thread discovers for all workers. */
class MainThreadSource implements ResourceSource {
  hasInitial: boolean;
  status: StreamStatus | null = null;
  #store: PlanStore;

  constructor(store: PlanStore, { updates, hasInitial }: WorkerStart) {
    this.#store = store;
    this.hasInitial = hasInitial;
    for (const [kind, update] of updates) store.resources.apply(kind, update);
  }

  onMessage(message: ToWorker): void {
    if (message.kind === 'update') this.#store.resources.apply(message.resources, message.update);
    if (message.kind === 'admin') this.status = message.status;
    if (message.kind !== 'initial') return;
    this.hasInitial = true;
    this.#store.refresh();
  }

  refresh(): void {}

  stop(): void {}
}

async function run(port: MessagePort, start: WorkerStart): Promise<void> {
  const tell = (message: FromWorker): void => port.postMessage(message);
  let source: MainThreadSource | null = null;
  const health = new ToldHealth((report) => tell({ kind: 'health', report }));
  health.take(start.health);
  try {
    const proxy = await startProxy({
      bootstrap: start.weftBootstrap,
      ...start.drain,
      sessionSecret: start.sessionSecret,
      concurrency: start.concurrency,
      toldHealth: health,
      shared: new SharedTable(start.shared.memory, start.shared.thread),
      reusePort: true,
      log: (level, text) => tell({ kind: 'log', level, text }),
      source: (store) => {
        source = new MainThreadSource(store, start);
        return source;
      },
    });
    port.on('message', (message: ToWorker) => {
      if (message.kind === 'health') health.take(message.changes);
      source?.onMessage(message);
      answer(proxy, message, tell);
    });
    await proxy.ready;
    tell({ kind: 'ready' });
  } catch (error) {
    tell({ kind: 'failed', text: error instanceof Error ? error.message : String(error) });
  }
}

function answer(proxy: RunningProxy, message: ToWorker, tell: (message: FromWorker) => void): void {
  if (message.kind === 'stats') tell({ kind: 'stats', id: message.id, stats: proxy.stats() });
  else if (message.kind === 'admin') tell({ kind: 'admin', id: message.id, answer: proxy.admin(message.request, message.otherStats) });
  else if (message.kind === 'stop') void proxy.stop().then(() => process.exit(0));
}

if (parentPort !== null) void run(parentPort, workerData as WorkerStart);
