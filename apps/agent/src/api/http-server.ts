import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import type { AgentApi } from './agent-api.ts';
import { runCheck } from './check-endpoint.ts';
import { refusalOf } from './request-guard.ts';
import { appRouter } from './router.ts';

export interface HttpServerOptions {
  readonly api: AgentApi;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly isReady: () => boolean;
  readonly host: string;
  readonly port: number;
  /** Origins of pages that may call, besides the agent's own. */
  readonly origins: readonly string[];
  readonly onError: (message: string) => void;
}

export interface RunningHttpServer {
  readonly port: number;
  readonly server: Server;
  stop(): Promise<void>;
}

const maxBodyBytes = 8 * 1024 * 1024;
const trpcPath = '/api/trpc/';
const checkPath = '/api/v1/check/';

/** The agent's HTTP port: tRPC, checks, metrics and health. */
export function startHttpServer(options: HttpServerOptions): Promise<RunningHttpServer> {
  const trpc = createHTTPHandler({
    router: appRouter,
    basePath: trpcPath,
    maxBodySize: maxBodyBytes,
    createContext: () => ({ api: options.api }),
    onError: ({ error, path }) => {
      if (error.code === 'INTERNAL_SERVER_ERROR') options.onError(`${path}: ${error.cause?.stack ?? error.message}`);
    },
  });
  const server = createServer((request, response) => {
    const refusal = refusalOf(request, options.origins);
    if (refusal) reply(response, 403, 'text/plain', `${refusal}\n`);
    else route(request, response, { ...options, trpc });
  });
  server.headersTimeout = 10_000;
  server.maxHeadersCount = 100;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      const address = server.address();
      resolve({
        server,
        port: typeof address === 'object' && address ? address.port : options.port,
        stop: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
}

function route(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpServerOptions & { readonly trpc: (request: IncomingMessage, response: ServerResponse) => void },
): void {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  if (path.startsWith(trpcPath)) options.trpc(request, response);
  else if (path.startsWith(checkPath)) void check(request, response, path.slice(checkPath.length));
  else if (path === '/healthz') reply(response, 200, 'text/plain', 'ok\n');
  else if (path === '/ready') reply(response, options.isReady() ? 200 : 503, 'text/plain', options.isReady() ? 'ready\n' : 'not ready\n');
  else if (path === '/metrics') void metrics(response, options);
  else reply(response, 404, 'text/plain', 'not found: expected /api/trpc, /api/v1/check/<command>, /metrics, /healthz or /ready\n');
}

async function metrics(response: ServerResponse, options: HttpServerOptions): Promise<void> {
  const { contentType, text } = await options.metrics();
  reply(response, 200, contentType, text);
}

async function check(request: IncomingMessage, response: ServerResponse, command: string): Promise<void> {
  if (request.method !== 'POST') {
    reply(response, 405, 'text/plain', 'expected POST\n');
    return;
  }
  const body = await readBody(request);
  if (body === null) {
    response.setHeader('connection', 'close');
    reply(response, 413, 'application/json', `{"error":"the body is longer than ${maxBodyBytes} bytes"}\n`);
    return;
  }
  const { status, text } = await runCheck(command, body);
  reply(response, status, 'application/json', text);
}

/** Null when it is too long; the rest of such a body is not read. */
function readBody(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBodyBytes) chunks.push(chunk);
      else {
        request.pause();
        resolve(null);
      }
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('close', () => resolve(null));
  });
}

function reply(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, { 'content-type': contentType, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  response.end(text);
}
