import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findEnvoy } from '../../packages/proxy/differential/envoy.ts';
import { bootstrap } from './bootstrap.ts';
import { writeHaproxyHop } from './haproxy.ts';
import type { Hop } from './hop.ts';
import { isInstalled, proxyCore, type Workbench } from './machine.ts';
import { writeNginxHop } from './nginx.ts';

export type EngineName = 'weft' | 'before' | 'envoy' | 'nginx' | 'haproxy';

/** A proxy program that can do hops. */
export interface Engine {
  /** Why it is left out of this run, or null. */
  readonly missing: string | null;
  canDo(hop: Hop): boolean;
  /** Starts it on the proxies' core and answers its process id. */
  start(bench: Workbench, hop: Hop): number;
}

const weftCommand = join(import.meta.dirname, '../../apps/agent/bin/weft.mjs');
/** The `weft` command of another tree, to compare two revisions in one run. */
const commandBefore = process.env.WEFT_BENCH_BEFORE;
const envoyPath = findEnvoy();

export const engines: Readonly<Record<EngineName, Engine>> = {
  weft: {
    missing: null,
    canDo: () => true,
    start: (bench, hop) => startWeft(weftCommand, bench, hop),
  },
  before: {
    missing: commandBefore === undefined ? 'WEFT_BENCH_BEFORE names no other weft.mjs' : null,
    canDo: () => true,
    start: (bench, hop) => startWeft(commandBefore ?? '', bench, hop),
  },
  envoy: {
    missing: envoyPath === null ? 'no envoy found (WEFT_ENVOY names one)' : null,
    canDo: () => true,
    start: (bench, hop) => {
      const options = ['--concurrency', '1', '--use-dynamic-base-id', '-l', 'error'];
      return bench.start(proxyCore, envoyPath ?? '', ['-c', writeBootstrap(hop, 'envoy'), ...options]);
    },
  },
  nginx: {
    missing: isInstalled('nginx') ? null : 'nginx is not installed',
    canDo: (hop) => hop.protocol !== 'tcp' && hop.extraRoutes === 0,
    start: (bench, hop) => bench.start(proxyCore, 'nginx', ['-c', writeNginxHop(hop)]),
  },
  haproxy: {
    missing: isInstalled('haproxy') ? null : 'haproxy is not installed',
    canDo: (hop) => hop.extraRoutes === 0,
    start: (bench, hop) => bench.start(proxyCore, 'haproxy', ['-db', '-f', writeHaproxyHop(hop)]),
  },
};

function startWeft(command: string, bench: Workbench, hop: Hop): number {
  return bench.start(proxyCore, process.execPath, [command, 'proxy', '-c', writeBootstrap(hop, 'weft')]);
}

function writeBootstrap(hop: Hop, reader: 'weft' | 'envoy'): string {
  const file = join(hop.directory, `${hop.name}-${reader}.json`);
  writeFileSync(file, JSON.stringify(bootstrap(hop, reader)));
  return file;
}
