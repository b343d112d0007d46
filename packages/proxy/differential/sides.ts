import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProxy } from '../src/proxy.ts';
import type { Bootstrap } from '../src/xds/bootstrap.ts';
import { type Running, startEnvoy } from './envoy.ts';
import { freePorts } from './free-ports.ts';
import { type Origin, startOrigin } from './origin.ts';
import { bootstrapFor, type SidePorts, setups } from './setups.ts';

/** One proxy with an application and a log of its own. */
export interface Side {
  readonly ports: SidePorts;
  readonly origin: Origin;
  readonly proxy: Running;
}

/** Starts Weft's proxy in this process. */
export function startOurs(): Promise<Side> {
  return startSide('weft', async (ports) => startProxy({ bootstrap: bootstrapFor(ports) as Bootstrap, drainTimeMs: 0 }));
}

/** Starts the Envoy at `path`. */
export function startTheirs(path: string): Promise<Side> {
  return startSide('envoy', async (ports) => startEnvoy(path, bootstrapFor(ports), ports.admin));
}

export async function stopSides(sides: readonly (Side | undefined)[]): Promise<void> {
  for (const side of sides) {
    side?.origin.stop();
    await side?.proxy.stop();
  }
}

async function startSide(name: string, start: (ports: SidePorts) => Promise<Running>): Promise<Side> {
  const origin = await startOrigin();
  const names = Object.keys(setups);
  const free = await freePorts(names.length + 2);
  const listeners = Object.fromEntries(names.map((setup, index) => [setup, free[index] ?? 0]));
  const log = join(mkdtempSync(join(tmpdir(), 'weft-differential-')), `${name}.log`);
  const ports: SidePorts = { admin: free[names.length] ?? 0, dead: free[names.length + 1] ?? 0, origin: origin.port, log, listeners };
  try {
    return { ports, origin, proxy: await start(ports) };
  } catch (error) {
    origin.stop();
    throw error;
  }
}
