import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { percentile } from '../../statistics.ts';
import { warmUp } from '../compare.ts';
import { requestPath, wrk } from '../load.ts';
import { cpuOf, isInstalled, runClient } from '../machine.ts';
import { startOrigin } from '../origin.ts';
import { type BenchContext, type RunningPath, startPaths, twoHops } from '../paths.ts';

const ratePerSecond = 1000;
const connections = 16;

/** One slice: microseconds from the scheduled instant, and cores used by each of the path's proxies. */
interface Slice {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly coresPerProxy: number;
}

/** Latency that two mTLS sidecars add at 1,000 requests per second, sent when they are due whether or not earlier ones were answered. */
export async function openLoopLatency(context: BenchContext): Promise<void> {
  if (!isInstalled('cc')) {
    context.print('  left out, no C compiler for the client');
    return;
  }
  const client = join(context.bench.directory, 'open-loop');
  execFileSync('cc', ['-O2', '-D_GNU_SOURCE', '-o', client, join(import.meta.dirname, '../open-loop.c')]);
  const origin = await startOrigin(context.bench, 'http1');
  const direct: RunningPath = { name: 'direct', port: origin, pids: [] };
  const paths = [direct, ...(await startPaths(context, twoHops, origin, { work: 'sidecar' }))];
  const seconds = Math.max(3, context.seconds);
  for (const path of paths) {
    if (path.pids.length > 0) warmUp(path, ({ port }, time) => wrk(port, time, { connections }));
    slice(client, path, 2);
  }
  const rounds = Array.from({ length: context.rounds }, () => paths.map((path) => slice(client, path, seconds)));
  report(context, paths, rounds);
  await context.bench.stopAll();
}

function slice(client: string, path: RunningPath, seconds: number): Slice {
  const before = cpuOf(path.pids);
  const startedAt = performance.now();
  const args = [String(path.port), requestPath, String(connections), String(ratePerSecond), String(seconds)];
  const [, p50 = 0, , p99 = 0, p999 = 0] = runClient(client, args).trim().split(' ').map(Number);
  const cpu = cpuOf(path.pids) - before;
  return { p50, p99, p999, coresPerProxy: cpu / 1e6 / (performance.now() - startedAt) / Math.max(1, path.pids.length) };
}

function report(context: BenchContext, paths: readonly RunningPath[], rounds: readonly (readonly Slice[])[]): void {
  const envoy = paths.findIndex(({ name }) => name === 'envoy+envoy');
  /** The median over the rounds of what a path adds to the direct one. */
  const added = (index: number, key: 'p50' | 'p99' | 'p999'): number =>
    percentile(
      rounds.map((round) => (round[index]?.[key] ?? 0) - (round[0]?.[key] ?? 0)),
      50,
    );
  paths.forEach(({ name }, index) => {
    const times = (['p50', 'p99', 'p999'] as const).map((key) => `${key} +${added(index, key).toFixed(0)} us`).join(', ');
    const cores = percentile(
      rounds.map((round) => round[index]?.coresPerProxy ?? 0),
      50,
    );
    if (index === 0) {
      context.print(
        `  direct           p50 ${percentile(
          rounds.map((round) => round[0]?.p50 ?? 0),
          50,
        ).toFixed(0)} us`,
      );
      return;
    }
    const ratio = (key: 'p50' | 'p99'): string => (added(index, key) / added(envoy, key)).toFixed(2);
    const verdict = index === 1 && envoy > 0 ? `  of Envoy's: p50 ${ratio('p50')}, p99 ${ratio('p99')} (goal 1.00)` : '';
    context.print(`  ${name.padEnd(16)} ${times}, ${cores.toFixed(3)} core a sidecar${index === 1 ? ' (goal 0.120)' : ''}${verdict}`);
  });
}
