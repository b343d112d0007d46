import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { Workload } from './workloads.ts';

/** What a handler answers. `body` is sent as JSON. */
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** One request as a handler sees it. */
interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** Calls another service of the mesh through the sidecar, passing the trace headers on. */
  readonly send: (method: string, url: string, body?: unknown) => Promise<Answer>;
}

export type Handler = (call: Call) => Promise<Answer> | Answer;

const traceHeaders = [
  'x-request-id',
  'traceparent',
  'tracestate',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
];
const maxBodyBytes = 64 * 1024;

/** Starts one HTTP service of the shop on its loopback port. */
export function startHttpApp(workload: Workload, handler: Handler): Promise<Server> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const server = createServer(async (incoming, outgoing) => {
    const answer = await answerTo(incoming, workload, handler, agent);
    outgoing.writeHead(answer.status, { 'content-type': 'application/json', 'x-served-by': workload.name });
    outgoing.end(`${JSON.stringify(answer.body)}\n`);
  });
  server.keepAliveTimeout = 60_000;
  server.on('close', () => agent.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(workload.appPort, '127.0.0.1', () => resolve(server));
  });
}

async function answerTo(incoming: IncomingMessage, workload: Workload, handler: Handler, agent: Agent): Promise<Answer> {
  try {
    const headers = Object.fromEntries(traceHeaders.flatMap((name) => (incoming.headers[name] ? [[name, incoming.headers[name]]] : [])));
    const call: Call = {
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      body: await readBody(incoming),
      send: (method, url, body) => send(workload, agent, headers, method, url, body),
    };
    return await handler(call);
  } catch (error) {
    return { status: 502, body: { error: error instanceof Error ? error.message : String(error), service: workload.app } };
  }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of incoming) {
    text += chunk;
    if (text.length > maxBodyBytes) throw new Error(`request body is larger than ${maxBodyBytes} bytes`);
  }
  return text;
}

function send(workload: Workload, agent: Agent, headers: object, method: string, url: string, body?: unknown): Promise<Answer> {
  const target = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        agent,
        host: '127.0.0.1',
        port: workload.httpProxyPort ?? undefined,
        method,
        path: url,
        headers: { ...headers, host: target.host, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      },
      async (response) => {
        const text = await readBody(response);
        resolve({ status: response.statusCode ?? 0, body: parseJson(text) });
      },
    );
    outgoing.setTimeout(10_000, () => outgoing.destroy(new Error(`${method} ${url}: no answer within 10 s`)));
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
