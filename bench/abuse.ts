import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AuthorityForTest } from '@weft/proxy/identity/certificates-for-test';
import { abusedBootstrap } from '../packages/proxy/faults/abused-bootstrap-for-test.ts';
import { type Attack, describeEndings } from '../packages/proxy/faults/attack-for-test.ts';
import { freePort } from '../packages/proxy/faults/free-port-for-test.ts';
import { LoadForTest } from '../packages/proxy/faults/load-for-test.ts';
import { OriginForTest } from '../packages/proxy/faults/origin-for-test.ts';
import { allAttacks, attackFromThread } from './abuse/attack-thread.ts';

const help = `What abuse does to a proxy and to its other clients: each attack by many connections at once, on a proxy of its own.

  node bench/abuse.ts [--connections 500] [--only NAME] [--envoy PATH]

Prints how the attackers' connections ended, the most that the proxy's process held in MiB, and what happened to four clients that send requests
meanwhile. With --envoy that program is attacked instead, with the same bootstrap.
`;

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '500' },
    only: { type: 'string' },
    envoy: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const patienceSeconds = 2;

async function measure({ name }: Attack, { origin, authority }: { origin: OriginForTest; authority: AuthorityForTest }): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'weft-abuse-'));
  const [port, tlsPort] = [await freePort(), await freePort()];
  const pair = await authority.issue({ dns: ['a'] });
  const file = join(directory, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(abusedBootstrap({ port, tlsPort, origin: origin.port, pair, patienceSeconds })));
  const child = startProxy(file);
  try {
    while (!(await listens(port))) await new Promise((resolve) => setTimeout(resolve, 100));
    const load = new LoadForTest(port, 4, { pauseMs: 20 });
    await load.answers(100);
    const before = memoryMiB(child, 'VmRSS');
    const startedAt = performance.now();
    const cpuBefore = cpuSeconds(child);
    const endings = await attackFromThread(name, {
      port,
      tlsPort,
      connections: Number(values.connections),
      holdMs: 60_000,
      wakeMs: 10_000,
    });
    const took = `${((performance.now() - startedAt) / 1000).toFixed(1)} s, ${(cpuSeconds(child) - cpuBefore).toFixed(1)} s of CPU`;
    await load.answers(20);
    const { answered, lost, slowestMs } = await load.stop();
    const losses = [...lost.values()].reduce((sum, count) => sum + count, 0);
    const memory = `${before} MiB before, ${memoryMiB(child, 'VmHWM')} at most`;
    return `${name.padEnd(60)} ${describeEndings(endings)} in ${took}; ${memory}; others: ${answered} answered, ${losses} lost, ${slowestMs.toFixed(0)} ms at most`;
  } finally {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    rmSync(directory, { recursive: true });
  }
}

function startProxy(file: string): ChildProcess {
  if (values.envoy !== undefined)
    return spawn(values.envoy, ['-c', file, '-l', 'off', '--concurrency', '1', '--use-dynamic-base-id'], { stdio: 'ignore' });
  return spawn(process.execPath, [join(import.meta.dirname, '../apps/agent/bin/weft.mjs'), 'proxy', '-c', file, '-l', 'error'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}

function memoryMiB({ pid }: ChildProcess, field: 'VmRSS' | 'VmHWM'): number {
  return Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
}

/** Of all threads, user and system. */
function cpuSeconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function run(): Promise<void> {
  const authority = await AuthorityForTest.create();
  const origin = await OriginForTest.start();
  for (const attack of allAttacks) {
    if (values.only !== undefined && !attack.name.includes(values.only)) continue;
    process.stdout.write(`${await measure(attack, { origin, authority })}\n`);
  }
  process.exit(0);
}

if (values.help) process.stdout.write(help);
else await run();
