import { threadId } from 'node:worker_threads';
import type { LogLevel } from '@weft/proxy/proxy-options';

/** Envoy's flags of `--log-format` (spdlog's), as far as they mean something here. */
const flags: Readonly<Record<string, (now: Date, level: LogLevel, message: string) => string>> = {
  v: (_now, _level, message) => message,
  l: (_now, level) => (level === 'warn' ? 'warning' : level),
  L: (_now, level) => level.slice(0, 1).toUpperCase(),
  n: () => 'main',
  t: () => String(threadId),
  P: () => String(process.pid),
  Y: (now) => String(now.getUTCFullYear()),
  m: (now) => two(now.getUTCMonth() + 1),
  d: (now) => two(now.getUTCDate()),
  H: (now) => two(now.getUTCHours()),
  M: (now) => two(now.getUTCMinutes()),
  S: (now) => two(now.getUTCSeconds()),
  T: (now) => now.toISOString().slice(11, 19),
  e: (now) => String(now.getUTCMilliseconds()).padStart(3, '0'),
  f: (now) => `${String(now.getUTCMilliseconds()).padStart(3, '0')}000`,
  '%': () => '%',
};

/** One line of the log in a format such as `[%Y-%m-%d %T.%e][%t][%l] %v`, in UTC. Other flags (source file, colours) print nothing. */
export function logLine(format: string, level: LogLevel, message: string, now: Date): string {
  return format.replace(/%[-=!]?\d*([a-zA-Z#^$%+@_*])/g, (_all, flag: string) => flags[flag]?.(now, level, message) ?? '');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
