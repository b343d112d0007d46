import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Load } from './load.ts';
import { type Behaviour, type Behaviours, behaviourProblem } from './settings.ts';

/**
 * The shop's control endpoint on loopback: `GET /behaviours`, `PUT /behaviours/<workload>` with `{"errorPercent", "latencyMs"}`, and
 * `GET /load` with the counts of the load generator.
 */
export function startControl(port: number, behaviours: Behaviours, load: () => Load | null): Promise<Server> {
  const server = createServer(async (incoming, outgoing) => {
    const path = incoming.url ?? '/';
    const name = /^\/behaviours\/([a-z0-9-]+)$/.exec(path)?.[1];
    if (incoming.headers.origin !== undefined) reply(outgoing, 403, { error: 'the control endpoint is not for browsers' });
    else if (path === '/behaviours' && incoming.method === 'GET') reply(outgoing, 200, Object.fromEntries(behaviours));
    else if (path === '/load' && incoming.method === 'GET') reply(outgoing, 200, load()?.counts ?? { sent: 0, failed: 0, byStatus: {} });
    else if (name && incoming.method === 'PUT') change(outgoing, behaviours, name, await readJson(incoming));
    else reply(outgoing, 404, { error: `no such control: ${incoming.method} ${path}` });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function change(outgoing: ServerResponse, behaviours: Behaviours, name: string, wanted: unknown): void {
  if (!behaviours.has(name)) {
    reply(outgoing, 404, { error: `no workload ${name}; expected one of ${[...behaviours.keys()].join(', ')}` });
    return;
  }
  const problem = behaviourProblem(wanted);
  if (problem) {
    reply(outgoing, 400, { error: problem });
    return;
  }
  const { errorPercent, latencyMs } = wanted as Behaviour;
  behaviours.set(name, { errorPercent, latencyMs });
  reply(outgoing, 200, behaviours.get(name));
}

async function readJson(incoming: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of incoming) {
    text += chunk;
    if (text.length > 4096) return null;
  }
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function reply(outgoing: ServerResponse, status: number, body: unknown): void {
  outgoing.writeHead(status, { 'content-type': 'application/json' });
  outgoing.end(`${JSON.stringify(body)}\n`);
}
