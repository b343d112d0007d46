import type { AdminAnswer, AdminRequest } from '../admin/admin-answer.ts';
import { mergeClusters } from '../admin/merge-clusters.ts';
import type { StatSample } from '../telemetry/stat-sample.ts';
import type { StreamStatus } from '../xds/discovery-stream.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** The workers that the admin interface speaks for. */
export interface GroupAdminOptions {
  readonly workers: () => readonly WorkerHandle[];
  /** False while a worker is still to come. */
  readonly isComplete: () => boolean;
  /** What the main thread counts, and what workers counted that have ended. */
  readonly ownStats: () => readonly StatSample[];
  readonly status: () => StreamStatus | null;
  /** Counts of `ownStats` begin at 0 again. */
  readonly resetCounters: () => void;
  readonly quit: () => void;
}

const none: AdminAnswer = { status: 503, type: 'text/plain', body: 'no worker is running\n' };

/** Answers the admin interface for all workers: stats are added up, commands go to all, and the first tells what all have in common. */
export class GroupAdmin {
  #options: GroupAdminOptions;

  constructor(options: GroupAdminOptions) {
    this.#options = options;
  }

  async answer(request: AdminRequest): Promise<AdminAnswer> {
    const { pathname } = new URL(request.path, 'http://localhost');
    if (pathname === '/quitquitquit' && request.method === 'POST') {
      this.#options.quit();
      return { status: 200, type: 'text/plain; charset=UTF-8', body: 'OK\n' };
    }
    if (pathname === '/reset_counters' && request.method === 'POST') this.#options.resetCounters();
    if (pathname === '/stats' || pathname.startsWith('/stats/')) return this.#stats(request);
    if (request.method === 'POST' || pathname === '/clusters' || pathname === '/ready') return this.#all(request, pathname);
    return (await this.#ask(this.#options.workers()[0], request)) ?? none;
  }

  async #stats(request: AdminRequest): Promise<AdminAnswer> {
    const [first, ...others] = this.#options.workers();
    const otherStats = await Promise.all(others.map((worker) => worker.stats()));
    // Asked too, so that it is remembered should the worker end.
    await first?.stats();
    return (await this.#ask(first, request, [...otherStats, this.#options.ownStats()])) ?? none;
  }

  async #all(request: AdminRequest, pathname: string): Promise<AdminAnswer> {
    const isComplete = this.#options.isComplete();
    const answers = (await Promise.all(this.#options.workers().map((worker) => this.#ask(worker, request)))).filter(
      (answer) => answer !== null,
    );
    const [first = none] = answers;
    if (pathname === '/clusters' && first.status === 200) return { ...first, body: mergeClusters(answers.map(({ body }) => body)) };
    if (pathname !== '/ready') return first;
    const unready = answers.find(({ status }) => status !== 200);
    if (unready !== undefined) return unready;
    return isComplete ? first : { ...first, status: 503, body: 'INITIALIZING\n' };
  }

  #ask(
    worker: WorkerHandle | undefined,
    request: AdminRequest,
    otherStats: readonly (readonly StatSample[])[] = [],
  ): Promise<AdminAnswer | null> {
    return worker === undefined ? Promise.resolve(null) : worker.admin(request, otherStats, this.#options.status());
  }
}
