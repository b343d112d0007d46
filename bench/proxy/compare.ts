import { percentile } from '../statistics.ts';
import { cpuOf, stealSample } from './machine.ts';
import type { BenchContext, RunningPath } from './paths.ts';

const maxSteal = 0.08;
const warmUpNs = 3e9;
const maxWarmUps = 12;

/** Makes load on a path for some seconds and answers how many operations were done. */
export type Load = (path: RunningPath, seconds: number) => number;

/** Measures the paths in interleaved rounds; the proxies' CPU per operation in microseconds, by path and round (NaN where the host stole). */
function measure(context: BenchContext, paths: readonly RunningPath[], load: Load): number[][] {
  for (const path of paths) warmUp(path, load);
  const rounds = Array.from({ length: context.rounds }, () => paths.map((path) => quietSlice(path, load, context.seconds)));
  return paths.map((_, index) => rounds.map((round) => round[index] ?? Number.NaN));
}

/** Loads a path until its proxies have computed for some seconds each, so that hot code is compiled however busy the machine is. */
export function warmUp(path: RunningPath, load: Load): void {
  const enough = cpuOf(path.pids) + path.pids.length * warmUpNs;
  for (let tries = 0; tries < maxWarmUps && cpuOf(path.pids) < enough; tries++) load(path, 1);
}

/** One slice; repeated up to twice when the host took too much of it away. */
function quietSlice(path: RunningPath, load: Load, seconds: number): number {
  for (let tries = 0; tries < 3; tries++) {
    const steal = stealSample();
    const before = cpuOf(path.pids);
    const operations = load(path, seconds);
    const cpu = cpuOf(path.pids) - before;
    const after = stealSample();
    if ((after.stolen - steal.stolen) / Math.max(1, after.total - steal.total) <= maxSteal) return cpu / 1000 / Math.max(1, operations);
  }
  return Number.NaN;
}

/** Prints each path's CPU per operation and what the first path's efficiency is of it: the median of the rounds' ratios. */
function report(context: BenchContext, paths: readonly RunningPath[], costs: readonly (readonly number[])[], goal: number): void {
  const own = costs[0] ?? [];
  paths.forEach(({ name }, index) => {
    const cost = costs[index] ?? [];
    const ratios = own.map((value, round) => (cost[round] ?? Number.NaN) / value).filter((ratio) => !Number.isNaN(ratio));
    const cpu = percentile(
      cost.filter((value) => !Number.isNaN(value)),
      50,
    );
    const isAgainstEnvoy = index > 0 && /^envoy(\+envoy)?$/.test(name);
    const spread = `${percentile(ratios, 25).toFixed(2)}-${percentile(ratios, 75).toFixed(2)}`;
    const verdict = isAgainstEnvoy ? `  goal ${goal.toFixed(2)}` : '';
    const ratio = index === 0 ? '' : `  ${paths[0]?.name} is ${percentile(ratios, 50).toFixed(2)} x (${spread})${verdict}`;
    context.print(`  ${name.padEnd(16)}${cpu.toFixed(1).padStart(9)} us CPU${ratio}`);
  });
}

/** Measures and reports, then ends the paths. */
export async function compare(context: BenchContext, paths: readonly RunningPath[], goal: number, load: Load): Promise<void> {
  report(context, paths, measure(context, paths, load), goal);
  await context.bench.stopAll();
}
