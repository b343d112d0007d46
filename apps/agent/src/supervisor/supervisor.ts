import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { WeftError } from '../api/weft-error.ts';
import type { Log } from '../log.ts';
import { type ChildHost, type ChildSpec, ManagedChild } from './managed-child.ts';
import { findTakenPorts, type NeededPort } from './port-check.ts';

export interface UpOptions {
  /** Root of the Weft repository. */
  readonly root: string;
  /** Null for the demo's own configuration. */
  readonly directory: string | null;
  readonly dataDirectory: string;
  readonly bind: string;
  readonly xdsPort: number;
  readonly xdsTlsPort: number;
  readonly apiPort: number;
  readonly consolePort: number;
  readonly gatewayHttp: number;
  readonly gatewayHttps: number;
  readonly demo: { readonly controlPort: number; readonly rate: number } | null;
  readonly withConsole: boolean;
}

export interface RunningMesh {
  /** The console, or the agent where there is none. */
  readonly url: string;
  readonly children: readonly ManagedChild[];
  stop(): Promise<void>;
}

/** Starts agent, data plane, demo and console, and resolves when all of them answer. @throws WeftError */
export async function startMesh(options: UpOptions, log: Log, print: (line: string) => void): Promise<RunningMesh> {
  const taken = await findTakenPorts(neededPorts(options));
  if (taken.length > 0) throw new WeftError('UNAVAILABLE', taken.join('\n'));
  const directory = options.directory ?? prepareDemoDirectory(options);
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const host: ChildHost = {
    log,
    onLine: (name, line) => print(`${name.padEnd(8)} ${line}`),
    onFailedStart: (name, lines) =>
      fail(new WeftError('UNAVAILABLE', `${name} did not start:\n${lines.join('\n') || '(it said nothing)'}`)),
  };
  const child = (spec: ChildSpec) => new ManagedChild(spec, host);
  const agent = child(agentSpec(options, directory));
  const dataPlane = child(dataPlaneSpec(options));
  const demo = options.demo === null ? null : child(demoSpec(options, options.demo, directory));
  const console = options.withConsole ? child(consoleSpec(options)) : null;
  // Ended in the order that hurts least: who makes load first, who answers it last.
  const children = [demo, console, dataPlane, agent].filter((each) => each !== null);
  const stop = async (): Promise<void> => {
    for (const each of children) await each.stop();
  };
  try {
    const consoleUp = console?.start();
    await Promise.race([failed, agent.start()]);
    await Promise.race([failed, dataPlane.start()]);
    await Promise.race([failed, Promise.all([demo?.start(), consoleUp])]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: options.withConsole ? consoleUrl(options) : agentUrl(options), children, stop };
}

const consoleUrl = ({ consolePort }: UpOptions): string => `http://127.0.0.1:${consolePort}`;

function neededPorts(options: UpOptions): readonly NeededPort[] {
  const { bind: host } = options;
  const ports: NeededPort[] = [
    { port: options.xdsPort, flag: '--xds-port', host },
    { port: options.xdsTlsPort, flag: '--xds-tls-port', host },
    { port: options.apiPort, flag: '--api-port', host },
    { port: options.gatewayHttp, flag: '--gateway-http', host },
    { port: options.gatewayHttps, flag: '--gateway-https', host },
  ];
  if (options.withConsole) ports.push({ port: options.consolePort, flag: '--console-port', host });
  if (options.demo) ports.push({ port: options.demo.controlPort, flag: '--demo-control-port', host });
  return ports;
}

/** A copy, so that edits made in the console do not touch the repository. */
function prepareDemoDirectory({ root, dataDirectory }: UpOptions): string {
  const directory = join(dataDirectory, 'mesh');
  try {
    if (!existsSync(directory)) {
      mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
      cpSync(join(root, 'demo/mesh'), directory, { recursive: true });
    }
  } catch (error) {
    throw new WeftError('READ_ONLY', `the data directory ${dataDirectory} cannot be used (--data): ${(error as Error).message}`);
  }
  return directory;
}

/** Small young generations: the parts of a laptop's mesh make little garbage at a time, and four of them add up. */
const heap = (megabytes: number): readonly string[] => [`--max-old-space-size=${megabytes}`, '--max-semi-space-size=8'];
const mainOf = ({ root }: UpOptions): string => join(root, 'apps/agent/src/cli/main.ts');
const envOf = ({ root }: UpOptions): Readonly<Record<string, string>> => ({
  NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/weft-compile'),
  NODE_ENV: 'production',
});

function agentSpec(options: UpOptions, directory: string): ChildSpec {
  const args: Record<string, string | number> = {
    dir: directory,
    data: options.dataDirectory,
    bind: options.bind,
    'xds-port': options.xdsPort,
    'xds-tls-port': options.xdsTlsPort,
    'api-port': options.apiPort,
    'gateway-http': options.gatewayHttp,
    'gateway-https': options.gatewayHttps,
    ...(options.withConsole ? { 'console-url': consoleUrl(options) } : {}),
    ...(options.demo ? { 'demo-control-port': options.demo.controlPort } : {}),
  };
  return {
    name: 'agent',
    args: [mainOf(options), 'agent', ...flags(args)],
    nodeOptions: heap(512),
    cwd: options.root,
    env: envOf(options),
    isUp: () => answers(`${agentUrl(options)}/ready`),
  };
}

function dataPlaneSpec(options: UpOptions): ChildSpec {
  return {
    name: 'proxies',
    args: [mainOf(options), 'dataplane', ...flags({ agent: agentUrl(options), 'xds-port': options.xdsPort, data: options.dataDirectory })],
    nodeOptions: heap(512),
    cwd: options.root,
    env: envOf(options),
    isUp: async (saidReady) => saidReady && (await proxiesAreSynced(options)),
  };
}

function demoSpec(options: UpOptions, demo: { readonly controlPort: number; readonly rate: number }, directory: string): ChildSpec {
  const args = { dir: directory, 'gateway-port': options.gatewayHttp, rate: demo.rate, 'control-port': demo.controlPort };
  return {
    name: 'demo',
    args: [join(options.root, 'demo/src/main.ts'), ...flags(args)],
    nodeOptions: heap(192),
    cwd: options.root,
    env: envOf(options),
    isUp: async (saidReady) => saidReady && (await answers(`http://127.0.0.1:${demo.controlPort}/behaviours`)),
  };
}

function consoleSpec(options: UpOptions): ChildSpec {
  return {
    name: 'console',
    args: [
      join(options.root, 'node_modules/next/dist/bin/next'),
      'start',
      join(options.root, 'apps/web'),
      ...flags({ port: options.consolePort, hostname: options.bind }),
    ],
    nodeOptions: heap(384),
    cwd: join(options.root, 'apps/web'),
    env: { ...envOf(options), WEFT_AGENT_URL: agentUrl(options), NEXT_TELEMETRY_DISABLED: '1' },
    isUp: () => answers(consoleUrl(options)),
  };
}

const agentUrl = ({ apiPort }: UpOptions): string => `http://127.0.0.1:${apiPort}`;

function flags(values: Readonly<Record<string, string | number>>): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** Whether every local workload has a connected proxy with its configuration. */
async function proxiesAreSynced(options: UpOptions): Promise<boolean> {
  const [workloads, status] = await Promise.all([
    readJson<readonly unknown[]>(`${agentUrl(options)}/api/trpc/dataPlane.workloads`),
    readJson<{ readonly proxies: readonly { readonly connected: boolean; readonly ackedRevision: number | null }[] }>(
      `${agentUrl(options)}/api/trpc/mesh.status`,
    ),
  ]);
  if (!workloads || !status) return false;
  const synced = status.proxies.filter(({ connected, ackedRevision }) => connected && ackedRevision !== null);
  return synced.length >= workloads.length;
}

async function readJson<T>(url: string): Promise<T | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    return response.ok ? ((await response.json()) as { result: { data: T } }).result.data : null;
  } catch {
    return null;
  }
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { timeout: 2_000, agent: false }, (response) => {
      response.resume();
      resolve((response.statusCode ?? 500) < 500);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}
