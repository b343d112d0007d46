import { type EngineName, engines } from './engines.ts';
import type { Hop } from './hop.ts';
import { freePort, type Workbench, waitForPort } from './machine.ts';
import type { TlsFiles } from './tls-files.ts';

/** One way from the client to the origin: the engine of each hop, outermost first. */
export interface PathPlan {
  readonly name: string;
  readonly engines: readonly EngineName[];
}

/** A running path. */
export interface RunningPath {
  readonly name: string;
  readonly port: number;
  /** The proxies' processes, outermost first. */
  readonly pids: readonly number[];
}

/** Everything a scenario needs of a run. */
export interface BenchContext {
  readonly bench: Workbench;
  readonly tls: TlsFiles;
  readonly rounds: number;
  readonly seconds: number;
  readonly print: (line: string) => void;
}

/** What hops of a scenario have in common; the rest follows from their place on the path. */
export type HopOptions = Partial<Pick<Hop, 'protocol' | 'work' | 'extraRoutes' | 'acceptsTls' | 'requiresClientCertificate'>>;

const compared: readonly EngineName[] = [
  'weft',
  ...(engines.before.missing === null ? (['before'] as const) : []),
  'envoy',
  'nginx',
  'haproxy',
];

/** The same single hop, by every engine. */
export const oneHop: readonly PathPlan[] = compared.map((name) => ({ name, engines: [name] }));

/** Two sidecars with mutual TLS between them, both by the same engine. */
export const twoHops: readonly PathPlan[] = compared.map((name) => ({
  name: `${name}+${name}`,
  engines: [name, name],
}));

/** Starts the paths whose engines are there; the others are named. */
export async function startPaths(
  context: BenchContext,
  plans: readonly PathPlan[],
  originPort: number,
  options: HopOptions,
): Promise<RunningPath[]> {
  const running: RunningPath[] = [];
  for (const plan of plans) {
    const path = await startPath(context, plan, originPort, options);
    if (path !== null) running.push(path);
  }
  return running;
}

async function startPath(context: BenchContext, plan: PathPlan, originPort: number, options: HopOptions): Promise<RunningPath | null> {
  const ports = await Promise.all(plan.engines.map(() => freePort()));
  const pids: number[] = [];
  for (const [index, name] of plan.engines.entries()) {
    const isFirst = index === 0;
    const isLast = index === plan.engines.length - 1;
    const hop: Hop = {
      name: `${plan.name.replace('+', '-')}-${index}-${ports[index]}`,
      protocol: 'http1',
      work: 'bare',
      extraRoutes: 0,
      requiresClientCertificate: true,
      acceptsTls: !isFirst,
      ...(isFirst && options),
      ...(!isFirst && { ...options, acceptsTls: true }),
      listenPort: ports[index] ?? 0,
      upstreamPort: ports[index + 1] ?? originPort,
      sendsTls: !isLast,
      direction: isFirst && !isLast ? 'OUTBOUND' : 'INBOUND',
      tls: context.tls,
      directory: context.bench.directory,
    };
    const engine = engines[name];
    if (engine.missing !== null || !engine.canDo(hop)) {
      context.print(`  ${plan.name}: left out, ${engine.missing ?? 'it cannot do this'}`);
      return null;
    }
    pids.push(engine.start(context.bench, hop));
  }
  for (const port of ports) await waitForPort(port);
  return { name: plan.name, port: ports[0] ?? 0, pids };
}
