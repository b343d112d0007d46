import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startProxy } from '../src/proxy.ts';
import type { Bootstrap } from '../src/xds/bootstrap.ts';
import { type Case, cases } from './cases.ts';
import { sendRaw, type WireResponse } from './client.ts';
import { findEnvoy, type Running, startEnvoy } from './envoy.ts';
import { freePorts } from './free-ports.ts';
import { type Origin, type SeenRequest, startOrigin } from './origin.ts';
import { bootstrapFor, type SidePorts, setups } from './setups.ts';

const envoy = findEnvoy();

/** One proxy with an application and a log of its own. */
interface Side {
  readonly ports: SidePorts;
  readonly origin: Origin;
  readonly proxy: Running;
}

/** Everything observable of one case on one side. */
interface Observation {
  readonly responses: readonly WireResponse[];
  readonly seen: readonly SeenRequest[];
  readonly log: readonly unknown[];
}

describe('Weft and Envoy do the same', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
  concurrency: 8,
}, () => {
  let ours: Side;
  let theirs: Side;

  before(async () => {
    ours = await startSide('weft', async (ports) => startProxy({ bootstrap: bootstrapFor(ports) as Bootstrap, drainTimeMs: 0 }));
    theirs = await startSide('envoy', async (ports) => startEnvoy(envoy ?? '', bootstrapFor(ports), ports.admin));
  });

  after(async () => {
    for (const side of [ours, theirs]) {
      side?.origin.stop();
      await side?.proxy.stop();
    }
  });

  const chosen = cases.filter((each) => each.name.includes(process.env.WEFT_CASE ?? ''));
  // Cases share the application's record, so they run one after another; the two sides of a case run together.
  let turn = Promise.resolve();
  for (const [index, each] of chosen.entries()) {
    test(each.name, async () => {
      const before = turn;
      let release = (): void => {};
      turn = new Promise((resolve) => {
        release = resolve;
      });
      await before;
      try {
        const [weft, reference] = await Promise.all([observe(ours, each, index), observe(theirs, each, index)]);
        if (each.accepted === undefined) assert.deepEqual(weft, reference);
      } finally {
        release();
      }
    });
  }
});

async function startSide(name: string, start: (ports: SidePorts) => Promise<Running>): Promise<Side> {
  const origin = await startOrigin();
  const names = Object.keys(setups);
  const free = await freePorts(names.length + 2);
  const listeners = Object.fromEntries(names.map((setup, index) => [setup, free[index] ?? 0]));
  const log = join(mkdtempSync(join(tmpdir(), 'weft-differential-')), `${name}.log`);
  const ports: SidePorts = { admin: free[names.length] ?? 0, dead: free[names.length + 1] ?? 0, origin: origin.port, log, listeners };
  return { ports, origin, proxy: await start(ports) };
}

async function observe(side: Side, each: Case, index: number): Promise<Observation> {
  side.origin.take();
  const port = side.ports.listeners[each.setup] ?? 0;
  const responses = await sendRaw(port, each.raw ?? [requestText(each, index)], 2000, each.method === 'HEAD');
  const log = each.raw === undefined ? await logEntries(side, String(index)) : [];
  return { responses: responses.map((response) => comparable(response, side)), seen: side.origin.take().map(comparableRequest), log };
}

function requestText(each: Case, index: number): string {
  const body = each.body ?? '';
  const headers = [`Host: ${each.host ?? 'a.example.com'}`, `X-Case: ${index}`, ...(each.headers ?? [])];
  const isUpgrade = headers.some((header) => header.startsWith('upgrade:'));
  headers.push(isUpgrade ? 'Connection: upgrade' : 'Connection: close');
  if (body !== '') headers.push(`Content-Length: ${body.length}`);
  return `${each.method ?? 'GET'} ${each.path ?? '/'} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
}

/** Waits for the log entry of a case: it is written a moment after the response. */
async function logEntries(side: Side, id: string): Promise<unknown[]> {
  for (let tries = 0; tries < 150; tries++) {
    const entries = readLog(side.ports.log).filter((entry) => entry.id === id);
    if (entries.length > 0) return entries;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return [];
}

function readLog(path: string): { id?: string }[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { id?: string });
  } catch {
    return [];
  }
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

function comparable(response: WireResponse, side: Side): WireResponse {
  const headers = response.headers
    .map((header) => header.replace(/^(date|x-envoy-upstream-service-time): .*/, '$1').replace(uuid, 'UUID'))
    .filter((header) => header !== 'keep-alive: timeout=5');
  return { ...response, headers, body: response.body.replaceAll(String(side.ports.dead), 'DEAD') };
}

function comparableRequest(request: SeenRequest): SeenRequest {
  const headers: string[] = [];
  for (let i = 0; i < request.headers.length; i += 2) {
    headers.push(`${request.headers[i]?.toLowerCase()}: ${request.headers[i + 1]?.replace(uuid, 'UUID').replace(/^14[89]\d\d$/, '15000')}`);
  }
  return { ...request, headers: headers.sort() };
}
