import { randomBytes } from 'node:crypto';
import { AdminServer } from '../admin/admin-server.ts';
import { checkSecret } from '../identity/check-secret.ts';
import { SecretStore } from '../identity/secret-store.ts';
import { TlsContexts } from '../identity/tls-contexts.ts';
import { createSharedMemory, type SharedMemory, SharedTable } from '../io/shared-table.ts';
import type { ProxyLog } from '../proxy-options.ts';
import { mergeSamples, type StatSample } from '../telemetry/stat-sample.ts';
import { type Bootstrap, parseBootstrap, staticSnapshot } from '../xds/bootstrap.ts';
import { Discovery } from '../xds/discovery.ts';
import { PlanStore } from '../xds/plan-store.ts';
import { ResourceStore } from '../xds/resource-store.ts';
import { weftNode } from '../xds/weft-node.ts';
import { GroupAdmin } from './group-admin.ts';
import { GroupHealth } from './group-health.ts';
import { WorkerHandle } from './worker-handle.ts';
import type { ToWorker, WorkerDrain } from './worker-messages.ts';

/** Proxies in several threads that share their listeners' ports. */
export interface WorkerGroupOptions extends WorkerDrain {
  readonly bootstrap: Bootstrap;
  readonly count: number;
  readonly log: ProxyLog;
}

const firstRestartMs = 10;
const longestRestartMs = 5000;
const steadyMs = 10_000;

/**
 * Runs one bootstrap in several threads; the kernel spreads new connections over them. The main thread serves no traffic: it discovers
 * resources once for all, answers the admin interface for all, and starts a worker again that ended.
 */
export class WorkerGroup {
  readonly ready: Promise<void>;
  /** Resolves when the group was stopped, by `stop` or through the admin interface. */
  readonly stopped: Promise<void>;
  #options: WorkerGroupOptions;
  #bootstrap: Bootstrap;
  #store: PlanStore;
  #secrets: SecretStore;
  #discovery: Discovery;
  #workers: (WorkerHandle | null)[] = [];
  #sessionSecret = randomBytes(32);
  #memory: SharedMemory;
  /** The main thread's, which stands behind the workers. */
  #shared: SharedTable;
  #restarts: Set<NodeJS.Timeout> = new Set();
  #health: GroupHealth;
  #admin: AdminServer;
  #retired: StatSample[] = [];
  #isReady: Set<number> = new Set();
  #hasToldInitial = false;
  #isStopping = false;
  #markReady: () => void = () => {};
  #fail: (error: Error) => void = () => {};
  #markStopped: () => void = () => {};

  private constructor(options: WorkerGroupOptions, bootstrap: Bootstrap) {
    this.#options = options;
    this.#bootstrap = bootstrap;
    this.#memory = createSharedMemory(options.count + 1);
    this.#shared = new SharedTable(this.#memory, options.count);
    const { log } = options;
    this.ready = new Promise((resolve, reject) => {
      this.#markReady = resolve;
      this.#fail = reject;
    });
    this.stopped = new Promise((resolve) => {
      this.#markStopped = resolve;
    });
    this.#secrets = new SecretStore((message) => log('warn', message));
    const tlsContexts = new TlsContexts(this.#secrets);
    this.#store = new PlanStore(new ResourceStore(staticSnapshot(bootstrap), checkSecret), {
      now: () => performance.now(),
      providesSecret: () => false,
      onPlan: (plan) => {
        this.#secrets.usePlan(plan.secretByName);
        this.#health.usePlan(plan);
        this.#discovery.refresh();
        this.#tellInitial();
      },
    });
    this.#discovery = new Discovery({
      bootstrap,
      node: weftNode(bootstrap.node ?? {}),
      store: this.#store,
      tlsContexts,
      isOwnSecret: () => false,
      adsMetadata: async () => ({}),
      adsCredentials: null,
      log,
    });
    this.#health = new GroupHealth({
      bootstrap,
      tlsContexts,
      shared: this.#shared,
      tell: (changes) => this.#tellAll({ kind: 'health', changes }),
    });
    this.#secrets.onChange(() => this.#health.renewConnections());
    this.#store.resources.onUpdate((resources, update) => this.#tellAll({ kind: 'update', resources, update }));
    const admin = new GroupAdmin({
      workers: () => this.#workers.filter((worker) => worker !== null),
      isComplete: () => this.#isReady.size === options.count,
      ownStats: () => [...this.#retired, ...this.#health.stats()],
      status: () => this.#discovery.status,
      resetCounters: () => {
        this.#retired = [];
        this.#health.resetCounters();
      },
      quit: () => void this.stop(),
    });
    this.#admin = new AdminServer(bootstrap, (request) => admin.answer(request));
  }

  /** Rejects when the bootstrap cannot be used. */
  static async start(options: WorkerGroupOptions): Promise<WorkerGroup> {
    const parsed = parseBootstrap(options.bootstrap);
    if (!parsed.ok) throw new Error(`bootstrap: ${parsed.error}`);
    const group = new WorkerGroup(options, parsed.value);
    const problems = Discovery.problems(parsed.value, new TlsContexts(group.#secrets));
    if (problems.length > 0) throw new Error(`bootstrap: ${problems.join('; ')}`);
    await group.#admin.start();
    group.#secrets.usePlan(group.#store.plan.secretByName);
    group.#health.usePlan(group.#store.plan);
    group.#discovery.refresh();
    for (let index = 0; index < options.count; index++) group.#startWorker(index, firstRestartMs);
    return group;
  }

  get adminPort(): number | null {
    return this.#admin.port;
  }

  /** Drains all workers, waits for their connections at most the drain time, and ends. */
  async stop(): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      for (const timer of this.#restarts) clearTimeout(timer);
      this.#discovery.stop();
      await Promise.all(this.#workers.map((worker) => worker?.stop()));
      this.#health.close();
      this.#secrets.close();
      await this.#admin.stop();
      this.#markStopped();
    }
    await this.stopped;
  }

  /** Ends one worker's thread as a crash would. */
  async crash(index: number): Promise<void> {
    const worker = this.#workers[index];
    this.#workers[index] = null;
    await worker?.terminate();
    if (worker) this.#onExit(index, worker, 'terminated', { startedAt: 0, restartMs: firstRestartMs });
  }

  #startWorker(index: number, restartMs: number): void {
    const { admin: _admin, dynamicResources: _dynamic, ...rest } = this.#bootstrap;
    const { drainTimeMs, listenerDrainMs, drainStrategy } = this.#options;
    const startedAt = performance.now();
    const start = {
      weftBootstrap: rest,
      drain: { drainTimeMs, listenerDrainMs, drainStrategy },
      sessionSecret: this.#sessionSecret,
      concurrency: this.#options.count,
      shared: { memory: this.#memory, thread: index },
      updates: this.#store.resources.updates(),
      health: this.#health.all(),
      hasInitial: this.#discovery.hasInitial,
    };
    const worker = new WorkerHandle(start, {
      log: this.#options.log,
      onReady: () => {
        this.#isReady.add(index);
        if (this.#isReady.size === this.#options.count) this.#markReady();
      },
      onHealth: (report) => this.#health.take(report),
      onFailed: (reason) => this.#fail(new Error(reason)),
      onExit: (reason) => {
        if (reason !== null) this.#onExit(index, worker, reason, { startedAt, restartMs });
      },
    });
    this.#workers[index] = worker;
  }

  /** What its connections carried is lost, which nobody can help; its port is served by the others until it is back. */
  #onExit(index: number, worker: WorkerHandle, reason: string, { startedAt, restartMs }: { startedAt: number; restartMs: number }): void {
    this.#workers[index] = null;
    this.#shared.forget(index);
    this.#isReady.delete(index);
    // What was counted stays counted: a counter that goes back would look like a restart of the process.
    this.#retired = mergeSamples([this.#retired, worker.lastStats.filter(({ kind }) => kind !== 'gauge')]);
    if (this.#isStopping) return;
    const isSteady = performance.now() - startedAt > steadyMs;
    const delayMs = isSteady ? firstRestartMs : Math.min(longestRestartMs, restartMs * 2);
    this.#options.log('error', `worker ${index} ended and is started again in ${delayMs} ms: ${reason}`);
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#startWorker(index, delayMs);
    }, delayMs);
    this.#restarts.add(timer);
  }

  #tellInitial(): void {
    if (this.#hasToldInitial || !this.#discovery.hasInitial) return;
    this.#hasToldInitial = true;
    this.#tellAll({ kind: 'initial' });
  }

  #tellAll(message: ToWorker): void {
    for (const worker of this.#workers) worker?.tell(message);
  }
}
