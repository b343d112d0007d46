import { Worker } from 'node:worker_threads';
import type { AdminAnswer, AdminRequest } from '../admin/admin-answer.ts';
import type { ProxyLog } from '../proxy-options.ts';
import type { StatSample } from '../telemetry/stat-sample.ts';
import type { HealthReport } from '../upstream/told-health.ts';
import type { StreamStatus } from '../xds/discovery-stream.ts';
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts';

/** What the main thread learns of a worker. */
export interface WorkerEvents {
  readonly log: ProxyLog;
  onReady(): void;
  onHealth(report: HealthReport): void;
  /** The worker cannot serve what it was given. */
  onFailed(reason: string): void;
  /** The thread ended; `reason` is null when it was asked to. */
  onExit(reason: string | null): void;
}

/** One worker thread, seen from the main thread. */
export class WorkerHandle {
  /** What its stats were when they were last asked for. */
  lastStats: readonly StatSample[] = [];
  #thread: Worker;
  #events: WorkerEvents;
  #isStopping = false;
  #nextId = 1;
  #answers: Map<number, (message: FromWorker | null) => void> = new Map();
  #exited: Promise<void>;

  constructor(start: WorkerStart, events: WorkerEvents) {
    this.#events = events;
    this.#thread = new Worker(new URL('./worker-thread.ts', import.meta.url), { workerData: start });
    let problem = '';
    this.#thread.on('message', (message: FromWorker) => this.#onMessage(message));
    this.#thread.on('error', (error) => {
      problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    this.#exited = new Promise((resolve) => {
      this.#thread.once('exit', (code) => {
        for (const done of this.#answers.values()) done(null);
        this.#answers.clear();
        resolve();
        events.onExit(this.#isStopping ? null : problem || `the thread ended with ${code}`);
      });
    });
  }

  get threadId(): number {
    return this.#thread.threadId;
  }

  tell(message: ToWorker): void {
    this.#thread.postMessage(message);
  }

  /** Its stats; those of the last time when it has ended meanwhile. */
  async stats(): Promise<readonly StatSample[]> {
    const message = await this.#ask((id) => ({ kind: 'stats', id }));
    if (message?.kind === 'stats') this.lastStats = message.stats;
    return this.lastStats;
  }

  /** Its answer to a request of the admin interface; null when it has ended meanwhile. */
  async admin(
    request: AdminRequest,
    otherStats: readonly (readonly StatSample[])[],
    status: StreamStatus | null,
  ): Promise<AdminAnswer | null> {
    const message = await this.#ask((id) => ({ kind: 'admin', id, request, otherStats, status }));
    return message?.kind === 'admin' ? message.answer : null;
  }

  /** Lets it drain and resolves when the thread has ended. */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.tell({ kind: 'stop' });
    return this.#exited;
  }

  /** Ends the thread at once. */
  async terminate(): Promise<void> {
    this.#isStopping = true;
    await this.#thread.terminate();
  }

  #ask(make: (id: number) => ToWorker): Promise<FromWorker | null> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.tell(make(id));
    });
  }

  #onMessage(message: FromWorker): void {
    if (message.kind === 'ready') this.#events.onReady();
    else if (message.kind === 'failed') this.#events.onFailed(message.text);
    else if (message.kind === 'health') this.#events.onHealth(message.report);
    else if (message.kind === 'log') this.#events.log(message.level, message.text);
    else {
      this.#answers.get(message.id)?.(message);
      this.#answers.delete(message.id);
    }
  }
}
