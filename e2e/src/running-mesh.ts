import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** A whole mesh started by `weft up` on ports of its own, so that it can run beside another one. */
export interface RunningMesh {
  readonly consoleUrl: string;
  readonly agentUrl: string;
  /** The ingress gateway's HTTP listener. */
  readonly gatewayUrl: string;
  /** The demo shop's control endpoint: behaviours and load counts. */
  readonly controlUrl: string;
  readonly meshDirectory: string;
  readonly dataDirectory: string;
  /** Process id of the supervisor. */
  readonly pid: number;
  /** Milliseconds from the start of `weft up` until it printed the URL. */
  readonly readyAfterMs: number;
  /** What it printed so far. */
  readonly output: () => string;
  /** Stops it as Ctrl-C does and answers its exit code. */
  readonly stop: () => Promise<number | null>;
}

export interface MeshOptions {
  /** Added to every port of the demo's YAML and to the mesh's own ports. */
  readonly portOffset: number;
  /** Visitors per second. */
  readonly rate?: number;
  readonly startTimeoutMs?: number;
}

/** Starts `weft up` with a copy of the demo's configuration and waits until everything answers. */
export async function startMesh({ portOffset, rate = 100, startTimeoutMs = 90_000 }: MeshOptions): Promise<RunningMesh> {
  const directory = mkdtempSync(join(tmpdir(), 'weft-mesh-'));
  const meshDirectory = join(directory, 'mesh');
  const dataDirectory = join(directory, 'data');
  const port = (base: number): number => base + portOffset;
  copyMesh(join(root, 'demo/mesh'), meshDirectory, portOffset);
  const flags: Record<string, string | number> = {
    dir: meshDirectory,
    data: dataDirectory,
    'console-port': port(3000),
    'gateway-http': port(8080),
    'gateway-https': port(8443),
    'xds-port': port(15010),
    'xds-tls-port': port(15012),
    'api-port': port(15014),
    'demo-control-port': port(20000),
    'demo-rate': rate,
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(root, 'apps/agent/bin/weft.mjs'), 'up', '--demo', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const consoleUrl = `http://127.0.0.1:${port(3000)}`;
  await untilPrinted(
    child,
    () => output.includes(consoleUrl),
    () => output,
    startTimeoutMs,
  );
  return {
    consoleUrl,
    agentUrl: `http://127.0.0.1:${port(15014)}`,
    gatewayUrl: `http://127.0.0.1:${port(8080)}`,
    controlUrl: `http://127.0.0.1:${port(20000)}`,
    meshDirectory,
    dataDirectory,
    pid: child.pid ?? 0,
    readyAfterMs: performance.now() - startedAt,
    output: () => output,
    stop: async () => {
      const code = await stop(child);
      rmSync(directory, { recursive: true, force: true });
      return code;
    },
  };
}

/** Copies the demo's YAML with its loopback ports moved; the gateway's are moved by their flags. */
function copyMesh(from: string, to: string, portOffset: number): void {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from)) {
    const text = readFileSync(join(from, file), 'utf8');
    const moved = text.replaceAll(/\b(2[0-2]1\d\d|23[01]\d\d)\b/g, (number) => String(Number(number) + portOffset));
    writeFileSync(join(to, file), moved);
  }
}

function untilPrinted(child: ChildProcess, isReady: () => boolean, output: () => string, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => isReady() && done(), 20);
    const deadline = setTimeout(() => done(new Error(`weft up was not ready within ${timeoutMs} ms:\n${output()}`)), timeoutMs);
    const onExit = (code: number | null): void => done(new Error(`weft up ended with code ${code}:\n${output()}`));
    const done = (error?: Error): void => {
      clearInterval(timer);
      clearTimeout(deadline);
      child.off('exit', onExit);
      if (error) {
        child.kill('SIGTERM');
        reject(error);
      } else resolve();
    };
    child.on('exit', onExit);
  });
}

function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    const deadline = setTimeout(() => child.kill('SIGKILL'), 20_000);
    child.once('exit', (code) => {
      clearTimeout(deadline);
      resolve(code);
    });
    child.kill('SIGINT');
  });
}
