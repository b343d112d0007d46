import { readFileSync } from 'node:fs';
import type { Case } from './case.ts';
import { sendRaw, type WireResponse } from './client.ts';
import type { SeenRequest } from './seen-request.ts';
import type { Side } from './sides.ts';

/** Everything observable of one case on one side. */
export interface Observation {
  readonly responses: readonly WireResponse[];
  readonly isClosed: boolean;
  readonly seen: readonly SeenRequest[];
  readonly log: readonly unknown[];
}

/** Runs a case on one side. `index` stands for the case in what it sends, so that its log entry is found. */
export async function observe(side: Side, each: Case, index: number): Promise<Observation> {
  side.origin.take();
  const port = side.ports.listeners[each.setup] ?? 0;
  const pieces = (each.raw ?? [requestText(each, index)]).map((piece) => piece.replaceAll('CASE', String(index)));
  const isHead = each.method === 'HEAD';
  const { responses, isClosed } = await sendRaw(port, pieces, { isHead, pauseMs: each.pauseMs ?? 15, keepsCase: each.keepsCase === true });
  const isLogged = each.logs === undefined && (each.raw === undefined || each.raw.some((piece) => piece.includes('CASE')));
  const log = isLogged ? await logEntries(side, String(index), responses.length) : [];
  return {
    responses: responses.map((response) => comparable(response, side)),
    isClosed,
    seen: side.origin.take().map((request) => comparableRequest(request, port, each.keepsCase === true)),
    log,
  };
}

function requestText(each: Case, index: number): string {
  const body = each.body ?? '';
  const headers = [`Host: ${each.host ?? 'a.example.com'}`, `X-Case: ${index}`, ...(each.headers ?? [])];
  const isUpgrade = headers.some((header) => header.startsWith('upgrade:'));
  headers.push(isUpgrade ? 'Connection: upgrade' : 'Connection: close');
  if (body !== '') headers.push(`Content-Length: ${body.length}`);
  return `${each.method ?? 'GET'} ${each.path ?? '/'} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
}

/** Waits for the log entries of a case: they are written a moment after the response, if at all. */
export async function logEntries(side: Side, id: string, expected: number): Promise<unknown[]> {
  for (let tries = 0; tries < 100; tries++) {
    const entries = readLog(side.ports.log).filter((entry) => entry.id === id);
    if (entries.length >= Math.max(1, expected) || tries === 99) return entries;
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
    .map((header) =>
      header
        .replace(/^(date|x-envoy-upstream-service-time): .*/i, '$1')
        .replace(uuid, 'UUID')
        .replace(/^connection: upgrade$/i, 'connection: upgrade'),
    )
    .filter((header) => header.toLowerCase() !== 'keep-alive: timeout=5');
  return { ...response, headers, body: response.body.replaceAll(String(side.ports.dead), 'DEAD').replace(/^Date: .*$/im, 'Date') };
}

function comparableRequest(request: SeenRequest, port: number, keepsCase: boolean): SeenRequest {
  const headers: string[] = [];
  for (let i = 0; i < request.headers.length; i += 2) {
    const name = keepsCase ? request.headers[i] : request.headers[i]?.toLowerCase();
    const value = request.headers[i + 1]
      ?.replace(uuid, 'UUID')
      .replace(/^14[89]\d\d$/, '15000')
      .replace(new RegExp(`^${port}$`), 'PORT');
    headers.push(`${name}: ${name === 'connection' ? value?.toLowerCase() : value}`);
  }
  return { ...request, headers: headers.sort() };
}
