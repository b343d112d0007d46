import { type ChildProcess, spawn } from 'node:child_process';
import type { Log } from '../log.ts';

export interface ChildSpec {
  readonly name: string;
  /** Script and arguments for Node.js. */
  readonly args: readonly string[];
  readonly nodeOptions: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether the child answers; `saidReady` when it has written a line that starts with `ready`. */
  readonly isUp: (saidReady: boolean) => Promise<boolean>;
}

export interface ChildHost {
  readonly log: Log;
  /** A line the child wrote. */
  readonly onLine: (name: string, line: string) => void;
  /** The child ended before it was ever up: the start has failed. */
  readonly onFailedStart: (name: string, lastLines: readonly string[]) => void;
}

const firstDelayMs = 500;
const maxDelayMs = 15_000;
/** A child that stayed up this long starts over with the shortest delay. */
const steadyMs = 30_000;
const killAfterMs = 10_000;
const keptLines = 20;
const exitWithParent = new URL('./exit-with-parent.mjs', import.meta.url).href;

/** One child process that is started again when it dies. */
export class ManagedChild {
  readonly name: string;
  private readonly spec: ChildSpec;
  private readonly host: ChildHost;
  private child: ChildProcess | null = null;
  private restart: NodeJS.Timeout | null = null;
  private delayMs = firstDelayMs;
  private startedAt = 0;
  private isStopping = false;
  private wasUp = false;
  private saidReady = false;
  private lastLines: string[] = [];

  constructor(spec: ChildSpec, host: ChildHost) {
    this.name = spec.name;
    this.spec = spec;
    this.host = host;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts the child and resolves when it answers; never, when it fails before (the host is told). */
  async start(): Promise<void> {
    this.spawn();
    while (!this.isStopping && !(await this.spec.isUp(this.saidReady))) await pause(60);
    this.wasUp = true;
  }

  /** Asks the child to end, and makes it after a while. */
  async stop(): Promise<void> {
    this.isStopping = true;
    if (this.restart) clearTimeout(this.restart);
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    await ended;
    clearTimeout(killer);
  }

  private spawn(): void {
    const { args, nodeOptions, cwd, env } = this.spec;
    this.startedAt = Date.now();
    this.lastLines = [];
    const child = spawn(process.execPath, [`--import=${exitWithParent}`, ...nodeOptions, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Ctrl-C in a terminal goes to the whole group; the supervisor alone decides the order of the end.
      detached: process.platform !== 'win32',
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.take(line);
      });
    }
    child.once('error', (error) => this.take(`cannot start: ${error.message}`));
    child.once('exit', (code, signal) => this.onExit(code, signal));
  }

  private take(line: string): void {
    this.saidReady ||= line.startsWith('ready');
    this.lastLines.push(line);
    if (this.lastLines.length > keptLines) this.lastLines.shift();
    this.host.onLine(this.name, line);
  }

  private onExit(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.isStopping) return;
    if (!this.wasUp) {
      this.host.onFailedStart(this.name, this.lastLines);
      return;
    }
    if (Date.now() - this.startedAt > steadyMs) this.delayMs = firstDelayMs;
    this.host.log('warn', `${this.name} ended (${signal ?? `code ${code}`}); it is started again in ${this.delayMs} ms`);
    this.restart = setTimeout(() => this.spawn(), this.delayMs);
    this.delayMs = Math.min(this.delayMs * 2, maxDelayMs);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
