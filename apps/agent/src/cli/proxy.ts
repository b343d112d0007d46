import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { startProxy } from '@weft/proxy/proxy';
import type { ProxyLog } from '@weft/proxy/proxy-options';
import { validateBootstrap } from '@weft/proxy/validate';
import { WorkerGroup } from '@weft/proxy/workers/worker-group';
import { type Bootstrap, mergeBootstraps, readBootstrapFile, readBootstrapText } from '@weft/proxy/xds/bootstrap';
import { proxyVersion } from '@weft/proxy/xds/weft-node';
import { type CommandIo, InputError } from './command.ts';
import { logLine } from './log-line.ts';
import { type ProxyArguments, parseProxyArguments } from './proxy-arguments.ts';

export const help = `weft proxy -c BOOTSTRAP [--mode serve|validate] [--concurrency N] [-l LEVEL] …

Runs a proxy from an Envoy bootstrap (JSON or YAML) with static resources, an ADS server, files, or all of these. Prints \`ready\` on
stderr once its listeners are bound.

SIGTERM and SIGINT drain: nothing new is accepted, requests under way end, at most for the terminationDrainDuration of the node's
PROXY_CONFIG (5s without), then it exits with 0. A second signal ends it at once, with 128 and the signal's number.

  -c, --config-path FILE    the bootstrap (also --config)
  --config-yaml TEXT        more of the bootstrap, merged over the file: single fields win, lists are appended
  --mode validate           check the bootstrap and exit: 0 when it can be used, 1 when not
  --concurrency N           worker threads sharing the listeners' ports (default 1; auto = one per core)
  -l, --log-level LEVEL     trace, debug, info (default), warning, error, critical or off
  --log-format FORMAT       e.g. '[%Y-%m-%d %T.%e][%l] %v'
  --service-node ID         node.id, --service-cluster NAME node.cluster, --service-zone ZONE node.locality.zone
  --drain-time-s N          how long connections of a replaced or drained listener live on (default 600)
  --drain-strategy S        gradual (default) or immediate: how soon a graceful drain asks clients to leave
  --admin-address-path FILE where to write the admin interface's address
  --version                 print the version

Envoy's options for hot restart (--base-id, --restart-epoch, --parent-shutdown-time-s, …), --component-log-level and the like are taken
and ignored.

Example: weft proxy -c envoy.yaml --concurrency 2 --service-node sidecar~10.0.0.1~a.b~b.svc.cluster.local`;

const defaultLogFormat = '[%Y-%m-%dT%T.%eZ] [%l] %v';
const levels = ['off', 'error', 'warn', 'info', 'debug'];

/** Runs the proxy until it is told to stop. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const options = parseProxyArguments(args);
  if (options.showVersion) {
    io.stdout.write(`weft proxy ${proxyVersion}\n`);
    return 0;
  }
  const bootstrap = readBootstrap(options, io);
  if (options.mode === 'validate') return validate(bootstrap, options, io);
  if (!bootstrap.ok) throw new InputError(bootstrap.error);
  return serve(bootstrap.value, options, io);
}

type ReadBootstrap = ReturnType<typeof readBootstrapFile>;

function readBootstrap(
  { configPath, configYaml, serviceNode, serviceCluster, serviceZone }: ProxyArguments,
  { cwd }: CommandIo,
): ReadBootstrap {
  const parts = [
    ...(configPath === null ? [] : [readBootstrapFile(resolve(cwd, configPath))]),
    ...(configYaml === null ? [] : [readBootstrapText(configYaml, '--config-yaml')]),
  ];
  let whole: Bootstrap = {};
  for (const part of parts) {
    if (!part.ok) return part;
    whole = mergeBootstraps(whole, part.value);
  }
  const node = {
    ...whole.node,
    ...(serviceNode === null ? {} : { id: serviceNode }),
    ...(serviceCluster === null ? {} : { cluster: serviceCluster }),
    ...(serviceZone === null ? {} : { locality: { ...whole.node?.locality, zone: serviceZone } }),
  };
  return { ok: true, value: { ...whole, node } };
}

function validate(bootstrap: ReadBootstrap, { configPath }: ProxyArguments, io: CommandIo): number {
  const problems = bootstrap.ok ? validateBootstrap(bootstrap.value) : [bootstrap.error];
  io.stderr.write(problems.length === 0 ? `configuration '${configPath ?? ''}' OK\n` : `${problems.join('\n')}\n`);
  return problems.length === 0 ? 0 : 1;
}

async function serve(bootstrap: Bootstrap, options: ProxyArguments, io: CommandIo): Promise<number> {
  const format = options.logFormat ?? defaultLogFormat;
  const write: ProxyLog = (level, message) => io.stderr.write(`${logLine(format, level, message, new Date())}\n`);
  const log: ProxyLog = (level, message) => {
    if (levels.indexOf(level) <= levels.indexOf(options.logLevel)) write(level, message);
  };
  if (options.ignored.length > 0) log('debug', `ignored: ${options.ignored.map((name) => `--${name}`).join(' ')}`);
  const drainTimeMs = terminationDrainMs(bootstrap);
  const { concurrency, drainStrategy } = options;
  // One proxy filters its lines itself: its admin interface may change the level.
  const logThreshold = options.logLevel === 'warn' ? 'warning' : options.logLevel;
  const common = { bootstrap, drainTimeMs, listenerDrainMs: options.drainTimeMs, drainStrategy };
  const proxy =
    concurrency > 1
      ? await WorkerGroup.start({ ...common, log, count: concurrency })
      : await startProxy({ ...common, log: write, logThreshold });
  if (options.adminAddressPath !== null && proxy.adminPort !== null)
    writeFileSync(resolve(io.cwd, options.adminAddressPath), `127.0.0.1:${proxy.adminPort}`);
  const signals = new StopSignals();
  const isReady = await Promise.race([proxy.ready.then(() => true), signals.first.then(() => false)]);
  if (isReady) {
    io.stderr.write('ready\n');
    await Promise.race([signals.first, proxy.stopped]);
  }
  const code = await Promise.race([proxy.stop().then(() => 0), signals.second]);
  // Connections that are still open would keep the process.
  if (code !== 0) process.exit(code);
  signals.close();
  return code;
}

const defaultTerminationDrainMs = 5000;

/** Istio's `terminationDrainDuration`, which the injected proxy configuration carries. */
function terminationDrainMs({ node }: Bootstrap): number {
  const config = node?.metadata?.PROXY_CONFIG;
  const duration =
    typeof config === 'object' && config !== null && 'terminationDrainDuration' in config ? config.terminationDrainDuration : null;
  const seconds = typeof duration === 'string' ? Number.parseFloat(duration) : Number.NaN;
  return Number.isNaN(seconds) ? defaultTerminationDrainMs : seconds * 1000;
}

/** The first signal asks to stop; the second says not to wait. */
class StopSignals {
  readonly first: Promise<void>;
  /** The exit code of a process that a signal ended. */
  readonly second: Promise<number>;
  #listener: (signal: NodeJS.Signals, number: number) => void;

  constructor() {
    let onFirst = (): void => {};
    let onSecond = (_code: number): void => {};
    this.first = new Promise((resolve) => {
      onFirst = resolve;
    });
    this.second = new Promise((resolve) => {
      onSecond = resolve;
    });
    let isFirst = true;
    this.#listener = (_signal, number) => {
      if (isFirst) onFirst();
      else onSecond(128 + number);
      isFirst = false;
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, this.#listener);
  }

  close(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, this.#listener);
  }
}
