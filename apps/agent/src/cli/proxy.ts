import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { startProxy } from '@weft/proxy/proxy';
import type { LogLevel } from '@weft/proxy/proxy-options';
import { validateBootstrap } from '@weft/proxy/validate';
import { startWorkers } from '@weft/proxy/workers';
import { readBootstrapFile } from '@weft/proxy/xds/bootstrap';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { parseOptions } from './options.ts';

export const help = `weft proxy -c BOOTSTRAP [--mode serve|validate] [--concurrency N] [--log-level LEVEL]

Runs a proxy from an Envoy bootstrap file (JSON or YAML) with static resources, an ADS server, or both. Prints \`ready\` on stderr once its
listeners are bound. SIGTERM drains: nothing new is accepted, requests under way end, then it exits with 0.

  -c, --config FILE       the bootstrap
  --mode validate         check the bootstrap and exit: 0 when it can be used, 1 when not
  --concurrency N         worker threads sharing the listeners' ports (default 1; 0 = one per core)
  --log-level LEVEL       error, warn, info (default) or debug

Example: weft proxy -c envoy.yaml --log-level debug`;

const levels: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];

/** Runs the proxy until it is told to stop. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, {
    config: { type: 'string', short: 'c' },
    mode: { type: 'string' },
    concurrency: { type: 'string' },
    'log-level': { type: 'string', short: 'l' },
  });
  if (typeof values.config !== 'string') throw new UsageError('weft proxy needs a bootstrap file: -c FILE');
  const level = readLevel(values['log-level']);
  const path = resolve(io.cwd, values.config);
  const bootstrap = readBootstrapFile(path);
  const mode = values.mode ?? 'serve';
  if (mode !== 'serve' && mode !== 'validate') throw new UsageError(`--mode: expected serve or validate, found ${String(mode)}`);
  if (!bootstrap.ok) {
    if (mode === 'serve') throw new InputError(bootstrap.error);
    io.stderr.write(`${bootstrap.error}\n`);
    return 1;
  }
  if (mode === 'validate') {
    const problems = validateBootstrap(bootstrap.value);
    io.stderr.write(problems.length === 0 ? `configuration '${values.config}' OK\n` : `${problems.join('\n')}\n`);
    return problems.length === 0 ? 0 : 1;
  }
  const log = (found: LogLevel, message: string): void => {
    if (levels.indexOf(found) <= levels.indexOf(level)) io.stderr.write(`[${new Date().toISOString()}] [${found}] ${message}\n`);
  };
  const workers = readConcurrency(values.concurrency);
  const proxy = workers > 1 ? await startWorkers(bootstrap.value, workers, log) : await startProxy({ bootstrap: bootstrap.value, log });
  await proxy.ready;
  io.stderr.write('ready\n');
  await stopSignal();
  await proxy.stop();
  return 0;
}

function readLevel(value: unknown): LogLevel {
  if (value === undefined) return 'info';
  const known = value === 'warning' ? 'warn' : value === 'trace' ? 'debug' : value;
  const level = levels.find((candidate) => candidate === known);
  if (level === undefined) throw new UsageError(`--log-level: expected ${levels.join(', ')}, found ${String(value)}`);
  return level;
}

function readConcurrency(value: unknown): number {
  if (value === undefined) return 1;
  const count = Number(value);
  if (!Number.isInteger(count) || count < 0) throw new UsageError(`--concurrency: expected a number, found ${String(value)}`);
  return count === 0 ? availableParallelism() : count;
}

function stopSignal(): Promise<void> {
  return new Promise((stop) => {
    process.once('SIGTERM', () => stop());
    process.once('SIGINT', () => stop());
  });
}
