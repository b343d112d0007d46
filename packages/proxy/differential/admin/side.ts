import { mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { AuthorityForTest } from '../../src/identity/certificates-for-test.ts';
import { startProxy } from '../../src/proxy.ts';
import type { Bootstrap } from '../../src/xds/bootstrap.ts';
import { type Running, startEnvoy } from '../envoy.ts';
import { freePorts } from '../free-ports.ts';
import { type Origin, startOrigin } from '../origin.ts';
import { type AdminPorts, adminBootstrap } from './setups.ts';

/** One proxy with an application behind it. */
export interface AdminSide {
  readonly ports: AdminPorts;
  readonly origin: Origin;
  readonly proxy: Running;
}

/** Starts Weft's proxy and the Envoy at `path` with the same configuration. */
export async function startAdminSides(path: string): Promise<readonly [ours: AdminSide, theirs: AdminSide]> {
  const authority = await AuthorityForTest.create();
  const certificates = { ...(await authority.issue({ dns: ['server.test'] })), root: authority.root };
  const ours = await startSide((ports) => startProxy({ bootstrap: adminBootstrap(ports, certificates) as Bootstrap, drainTimeMs: 0 }));
  try {
    return [ours, await startSide((ports) => startEnvoy(path, adminBootstrap(ports, certificates), ports.admin))];
  } catch (error) {
    await stopAdminSides([ours]);
    throw error;
  }
}

export async function stopAdminSides(sides: readonly AdminSide[]): Promise<void> {
  for (const { origin, proxy } of sides) {
    origin.stop();
    await proxy.stop();
  }
}

async function startSide(start: (ports: AdminPorts) => Promise<Running>): Promise<AdminSide> {
  const [admin = 0, http = 0, tcp = 0, dead = 0, tls = 0, refusing = 0, deniedTcp = 0, deniedHttp = 0] = await freePorts(8);
  const origin = await startOrigin();
  const log = join(mkdtempSync(join(tmpdir(), 'weft-admin-')), 'access.log');
  const ports = { admin, http, tcp, dead, origin: origin.port, tls, refusing, deniedTcp, deniedHttp, log };
  return { ports, origin, proxy: await start(ports) };
}

const paths = [
  '/direct',
  '/redirect',
  '/dead',
  '/slow/300',
  '/flaky/1/503',
  '/status/404',
  '/status/500',
  '/a',
  '/nothing',
  '/named',
  '/quick',
  '/forbidden',
  '/faulty',
];
const tlsPaths = ['/mutual/direct', '/misnamed/direct', '/bare/direct', '/plain/direct'];

/** Sends the same traffic to each: answers of all kinds, clients that leave, connections that fail. */
export async function driveTraffic(side: AdminSide): Promise<void> {
  // First, for where a connection was reused Weft repeats what its end cut off.
  await get(side.ports.http, '/reset');
  for (const path of [...paths, ...tlsPaths]) await get(side.ports.http, path);
  await leave(side, '/patient');
  // Over HTTP/2 to itself: the stream is reset when the client leaves.
  await leave(side, '/loop');
  await get(side.ports.tcp, '/a');
  for (const port of [side.ports.deniedTcp, side.ports.deniedHttp]) await get(port, '/a').catch(() => {});
}

async function get(port: number, path: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', headers: { connection: 'close' } });
  await answer.text();
}

/** A client that breaks its connection off while its request is under way. */
async function leave({ ports }: AdminSide, path: string): Promise<void> {
  const socket = connect(ports.http, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
  await setTimeout(100);
  socket.resetAndDestroy();
}

/** One request to the admin interface; ports are numbered in its answer, the same on both sides. */
export async function ask({ ports }: AdminSide, path: string, method: string) {
  const answer = await fetch(`http://127.0.0.1:${ports.admin}${path}`, { method });
  const text = await answer.text();
  return { status: answer.status, type: answer.headers.get('content-type'), body: withoutPorts(text, ports) };
}

function withoutPorts(text: string, ports: AdminPorts): string {
  let plain = text;
  for (const [index, port] of Object.values(ports).entries()) plain = plain.replaceAll(String(port), String(index + 1));
  return plain;
}
