import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Core of the proxies under test, and that of clients and origins. */
export const proxyCore = 0;
export const loadCore: number = 1 % availableParallelism();

/** The processes and files of one run; all end with it. */
export class Workbench {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'weft-bench-'));
  #children: ChildProcess[] = [];

  /** Starts a process on one core, silent unless it fails. */
  start(core: number, command: string, args: readonly string[]): number {
    const child = spawn('taskset', ['-c', String(core), command, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (bytes: Buffer) => {
      errors = (errors + bytes.toString()).slice(-2000);
    });
    child.on('exit', (code) => {
      if (code !== null && code !== 0) process.stderr.write(`${command} ended with ${code}: ${errors}\n`);
    });
    this.#children.push(child);
    return child.pid ?? 0;
  }

  /** Ends what was started since the last call. */
  async stopAll(): Promise<void> {
    await Promise.all(
      this.#children.splice(0).map((child) => {
        if (child.exitCode !== null || child.signalCode !== null) return undefined;
        const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
        child.kill('SIGKILL');
        return exited;
      }),
    );
  }

  async close(): Promise<void> {
    await this.stopAll();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Runs a client on the load core to its end and answers what it printed. */
export function runClient(command: string, args: readonly string[]): string {
  return execFileSync('taskset', ['-c', String(loadCore), command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}

/** True when a command is on the path. */
export function isInstalled(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** CPU nanoseconds of all threads of the processes. From schedstat, so time stolen by the host does not count. */
export function cpuOf(pids: readonly number[]): number {
  let total = 0;
  for (const pid of pids) {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    }
  }
  return total;
}

/** Resident memory of a process in megabytes. */
export function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

/** Jiffies of all cores so far: stolen by the host, and in all. */
export function stealSample(): { readonly stolen: number; readonly total: number } {
  const numbers = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').trim().split(/\s+/).slice(1).map(Number);
  return { stolen: numbers[7] ?? 0, total: numbers.slice(0, 8).reduce((sum, value) => sum + value, 0) };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves when something listens on the port; rejects after 10 s. */
export async function waitForPort(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('close', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on port ${port}`);
}
