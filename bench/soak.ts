import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../packages/proxy/faults/free-port-for-test.ts';
import { describeLoad, LoadForTest } from '../packages/proxy/faults/load-for-test.ts';
import { MeshForTest } from '../packages/proxy/faults/mesh-for-test.ts';

const help = `Memory of a proxy at load while everything around it changes: TLS on both sides, kept and renewed connections, a configuration change
every half second, new certificates every 5 s, and an upstream that is killed every 20 s.

  node bench/soak.ts [--minutes 30] [--clients 8] [--pause-ms 10] [--concurrency 2]

Prints the resident set of the proxy's process each minute, and its slope by least squares over the last two thirds of the time.
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    clients: { type: 'string', default: '8' },
    'pause-ms': { type: 'string', default: '10' },
    concurrency: { type: 'string', default: '2' },
    help: { type: 'boolean', default: false },
  },
});

/** Resident set of a process in MiB. */
function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024;
}

interface Sample {
  readonly minutes: number;
  readonly residentMiB: number;
}

/** MiB an hour, by least squares. */
function slope(samples: readonly Sample[]): number {
  const mean = (read: (sample: Sample) => number): number => samples.reduce((sum, sample) => sum + read(sample), 0) / samples.length;
  const [x, y] = [mean(({ minutes }) => minutes), mean((sample) => sample.residentMiB)];
  const covariance = samples.reduce((sum, sample) => sum + (sample.minutes - x) * (sample.residentMiB - y), 0);
  const variance = samples.reduce((sum, sample) => sum + (sample.minutes - x) ** 2, 0);
  return (covariance / variance) * 60;
}

/** Answers how many changes there were. */
async function churn(mesh: MeshForTest, isOver: () => boolean): Promise<number> {
  const kinds = ['clusters', 'endpoints', 'listeners', 'routes'] as const;
  let tick = 1;
  for (; !isOver(); tick++) {
    mesh.change(kinds[tick % kinds.length] ?? 'routes');
    if (tick % 10 === 0) await mesh.rotateCertificates();
    const origin = mesh.origins[Math.floor(tick / 40) % 2];
    if (tick % 40 === 0) await origin?.kill();
    if (tick > 40 && tick % 40 === 2) await origin?.start();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return tick - 1;
}

async function run(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'weft-soak-'));
  const port = await freePort();
  const mesh = await MeshForTest.start({ isTls: true, port, perTryTimeout: '3s' });
  const file = join(directory, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(mesh.bootstrap()));
  const command = join(import.meta.dirname, '../apps/agent/bin/weft.mjs');
  const args = [command, 'proxy', '-c', file, '--concurrency', values.concurrency, '--drain-time-s', '20', '-l', 'error'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'] });
  try {
    for await (const chunk of child.stderr) if (String(chunk).includes('ready')) break;
    const startedAt = performance.now();
    const minutes = (): number => (performance.now() - startedAt) / 60_000;
    const isOver = (): boolean => minutes() >= Number(values.minutes);
    const load = new LoadForTest(port, Number(values.clients), { ca: mesh.authority.root, pauseMs: Number(values['pause-ms']) });
    const churning = churn(mesh, isOver);
    const samples: Sample[] = [];
    for (let second = 1; !isOver(); second++) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const sample = { minutes: minutes(), residentMiB: residentMiB(child.pid ?? 0) };
      samples.push(sample);
      if (second % 60 === 0)
        process.stdout.write(`${sample.minutes.toFixed(1)} min  ${sample.residentMiB.toFixed(1)} MiB  ${describeLoad(load.result)}\n`);
    }
    const changes = await churning;
    process.stdout.write(`${changes} changes, ${describeLoad(await load.stop())}\n`);
    const settled = samples.slice(Math.floor(samples.length / 3));
    process.stdout.write(`slope ${slope(settled).toFixed(1)} MiB/h over the last ${(settled.length / 60).toFixed(0)} min\n`);
  } finally {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
    await mesh.stop();
    rmSync(directory, { recursive: true });
  }
}

if (values.help) process.stdout.write(help);
else {
  await run();
  process.exit(0);
}
