import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { bootstrap } from '../bootstrap.ts';
import type { Hop } from '../hop.ts';
import { wrk } from '../load.ts';
import { freePort, residentMb } from '../machine.ts';
import { startOrigin } from '../origin.ts';
import { type BenchContext, oneHop, type RunningPath, startPaths } from '../paths.ts';
import { serverName } from '../tls-files.ts';

const connectionCount = 1000;
const routeCount = 1000;

/** Resident memory when idle, after load, with many connections, and with many routes and clusters. */
export async function memory(context: BenchContext): Promise<void> {
  const origin = await startOrigin(context.bench, 'http1');
  const plain = await startPaths(context, oneHop, origin, { work: 'sidecar' });
  print(context, 'idle', plain);
  for (const path of plain)
    await withConnections(
      () => connect(path.port, '127.0.0.1'),
      'connect',
      () => print(context, '1,000 connections', [path]),
    );
  for (const { port } of plain) wrk(port, 3, { connections: 48 });
  print(context, 'loaded (goal 70)', plain);
  await printSecure(context, origin);
  const large = await startPaths(context, oneHop.slice(0, 2), origin, { work: 'sidecar', extraRoutes: routeCount });
  for (const { port } of large) wrk(port, 3, { connections: 48 });
  print(context, '1,000 routes and clusters, loaded (goal 110)', large);
  await context.bench.stopAll();
  await printFurtherSidecars(context);
}

async function printSecure(context: BenchContext, origin: number): Promise<void> {
  const paths = await startPaths(context, oneHop, origin, { work: 'sidecar', acceptsTls: true });
  const { ca, certificate, key } = context.tls;
  const secureContext = tls.createSecureContext({ ca, cert: certificate, key });
  for (const path of paths) {
    const open = (): Socket => tls.connect({ host: '127.0.0.1', port: path.port, servername: serverName, secureContext });
    await withConnections(open, 'secureConnect', () => print(context, '1,000 mTLS connections', [path]));
  }
}

/** What each of nine further sidecars costs in the process of the first. */
async function printFurtherSidecars(context: BenchContext): Promise<void> {
  const files: string[] = [];
  for (let index = 0; index < 10; index++) files.push(await writeSidecar(context, index));
  const script = join(import.meta.dirname, '../many-sidecars.ts');
  const resident = (count: number): number =>
    Number(execFileSync(process.execPath, ['--expose-gc', script, ...files.slice(0, count)]).toString());
  context.print(`  each further sidecar in the process (goal 3.0): weft ${((resident(10) - resident(1)) / 9).toFixed(1)} MB`);
}

async function writeSidecar({ bench, tls: files }: BenchContext, index: number): Promise<string> {
  const hop: Hop = {
    name: `sidecar-${index}`,
    protocol: 'http1',
    listenPort: await freePort(),
    upstreamPort: 1,
    acceptsTls: true,
    sendsTls: false,
    requiresClientCertificate: true,
    work: 'sidecar',
    direction: 'INBOUND',
    extraRoutes: 20,
    tls: files,
    directory: bench.directory,
  };
  const file = join(bench.directory, `${hop.name}.json`);
  writeFileSync(file, JSON.stringify(bootstrap(hop, 'weft')));
  return file;
}

/** Holds connections open while `action` runs. */
async function withConnections(open: () => Socket, event: string, action: () => void): Promise<void> {
  const sockets: Socket[] = [];
  for (let i = 0; i < connectionCount; i++) {
    const socket = open();
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => socket.once(event, () => resolve()).once('error', reject));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  action();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 500));
}

function print(context: BenchContext, what: string, paths: readonly RunningPath[]): void {
  const values = paths.map(({ name, pids }) => `${name} ${residentMb(pids[0] ?? 0).toFixed(0)} MB`);
  context.print(`  ${what}: ${values.join(', ')}`);
}
