import { resolve } from 'node:path';
import { UsageError } from './command.ts';
import type { CheckOptions } from './options.ts';

/** Options that `weft agent` and `weft up` share. */
export const portOptions = {
  'xds-port': { type: 'string' },
  'xds-tls-port': { type: 'string' },
  'api-port': { type: 'string' },
  bind: { type: 'string' },
  data: { type: 'string' },
  dir: { type: 'string' },
  'gateway-http': { type: 'string' },
  'gateway-https': { type: 'string' },
  'console-port': { type: 'string' },
  'demo-control-port': { type: 'string' },
  'ca-dir': { type: 'string' },
} as const;

/** A port given by an option. @throws UsageError */
export function portOf(values: CheckOptions['values'], name: string, otherwise: number): number {
  const text = values[name];
  if (text === undefined) return otherwise;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`--${name}: expected a port from 0 to 65535, found ${text}`);
  return port;
}

/** A path given by an option, absolute. */
export function pathOf(values: CheckOptions['values'], name: string, otherwise: string, cwd: string): string {
  const text = values[name];
  return resolve(cwd, typeof text === 'string' ? text : otherwise);
}
