import { availableParallelism } from 'node:os';
import type { LogLevel } from '@weft/proxy/proxy-options';
import { UsageError } from './command.ts';
import { parseOptions } from './options.ts';

/** The command line of `weft proxy`. */
export interface ProxyArguments {
  readonly configPath: string | null;
  readonly configYaml: string | null;
  readonly mode: 'serve' | 'validate';
  readonly concurrency: number;
  readonly logLevel: LogLevel | 'off';
  readonly logFormat: string | null;
  readonly serviceNode: string | null;
  readonly serviceCluster: string | null;
  readonly serviceZone: string | null;
  readonly adminAddressPath: string | null;
  /** How long connections of a replaced or drained listener may live on. */
  readonly drainTimeMs: number;
  readonly drainStrategy: 'gradual' | 'immediate';
  readonly showVersion: boolean;
  /** Options of Envoy's that are taken and change nothing here. */
  readonly ignored: readonly string[];
}

/** Envoy's options for things that this proxy does not have: hot restart, extension sets, mutexes, its buffered log file. */
const ignored = {
  'base-id': { type: 'string' },
  'base-id-path': { type: 'string' },
  'component-log-level': { type: 'string' },
  'cpuset-threads': { type: 'boolean' },
  'disable-extensions': { type: 'string' },
  'disable-hot-restart': { type: 'boolean' },
  'enable-mutex-tracing': { type: 'boolean' },
  'file-flush-interval-msec': { type: 'string' },
  'file-flush-min-size-kb': { type: 'string' },
  'ignore-unknown-dynamic-fields': { type: 'boolean' },
  'local-address-ip-version': { type: 'string' },
  'log-format-escaped': { type: 'boolean' },
  'parent-shutdown-time-s': { type: 'string' },
  'restart-epoch': { type: 'string' },
  'skip-hot-restart-on-no-parent': { type: 'boolean' },
  'skip-hot-restart-parent-stats': { type: 'boolean' },
  'socket-mode': { type: 'string' },
  'socket-path': { type: 'string' },
  'use-dynamic-base-id': { type: 'boolean' },
} as const;

const known = {
  'admin-address-path': { type: 'string' },
  concurrency: { type: 'string' },
  config: { type: 'string' },
  'config-path': { type: 'string', short: 'c' },
  'config-yaml': { type: 'string' },
  'drain-strategy': { type: 'string' },
  'drain-time-s': { type: 'string' },
  'log-format': { type: 'string' },
  'log-level': { type: 'string', short: 'l' },
  mode: { type: 'string' },
  'service-cluster': { type: 'string' },
  'service-node': { type: 'string' },
  'service-zone': { type: 'string' },
  version: { type: 'boolean' },
} as const;

/** Envoy's names of levels and what they are here. */
const levels: Readonly<Record<string, LogLevel | 'off'>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  warn: 'warn',
  error: 'error',
  critical: 'error',
  off: 'off',
};

/** Reads the command line. @throws UsageError */
export function parseProxyArguments(args: readonly string[]): ProxyArguments {
  const { values, positionals } = parseOptions(args, { ...known, ...ignored });
  if (positionals.length > 0) throw new UsageError(`weft proxy takes options only, found ${positionals.join(' ')}`);
  const configPath = text(values['config-path']) ?? text(values.config);
  const configYaml = text(values['config-yaml']);
  const showVersion = values.version === true;
  if (configPath === null && configYaml === null && !showVersion)
    throw new UsageError('weft proxy needs a bootstrap: -c FILE, --config-yaml TEXT or both');
  return {
    configPath,
    configYaml,
    showVersion,
    mode: oneOf('mode', values.mode ?? 'serve', { serve: 'serve', validate: 'validate', init_only: 'validate' }),
    concurrency: readConcurrency(values.concurrency),
    logLevel: oneOf('log-level', values['log-level'] ?? 'info', levels),
    logFormat: text(values['log-format']),
    serviceNode: text(values['service-node']),
    serviceCluster: text(values['service-cluster']),
    serviceZone: text(values['service-zone']),
    adminAddressPath: text(values['admin-address-path']),
    drainTimeMs: readCount('drain-time-s', values['drain-time-s'], 600) * 1000,
    drainStrategy: oneOf('drain-strategy', values['drain-strategy'] ?? 'gradual', { gradual: 'gradual', immediate: 'immediate' }),
    ignored: Object.keys(ignored).filter((name) => values[name] !== undefined),
  };
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function oneOf<T extends string>(option: string, value: unknown, choices: Readonly<Record<string, T>>): T {
  const chosen = Object.entries(choices).find(([name]) => name === value)?.[1];
  if (chosen === undefined) throw new UsageError(`--${option}: expected ${Object.keys(choices).join(', ')}, found ${String(value)}`);
  return chosen;
}

/** As for Envoy, 0 is one thread all the same. */
function readConcurrency(value: unknown): number {
  return value === 'auto' ? availableParallelism() : Math.max(1, readCount('concurrency', value, 1));
}

function readCount(option: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  const count = Number(value);
  if (!Number.isInteger(count) || count < 0) throw new UsageError(`--${option}: expected a whole number, found ${String(value)}`);
  return count;
}
