import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { loadHttp } from '../io/load-library.ts';
import type { Bootstrap } from '../xds/bootstrap.ts';
import type { AdminAnswer, AdminRequest } from './admin-answer.ts';

/** The admin interface on the bootstrap's admin address: loopback only, whatever the bootstrap says. */
export class AdminServer {
  #bootstrap: Bootstrap;
  #answerer: (request: AdminRequest) => AdminAnswer | Promise<AdminAnswer>;
  #server: Server | null = null;

  constructor(bootstrap: Bootstrap, answerer: (request: AdminRequest) => AdminAnswer | Promise<AdminAnswer>) {
    this.#bootstrap = bootstrap;
    this.#answerer = answerer;
  }

  get port(): number | null {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : null;
  }

  start(): Promise<void> {
    const socket = this.#bootstrap.admin?.address?.socketAddress;
    if (socket === undefined) return Promise.resolve();
    const server = loadHttp().createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => send(response, 500, 'text/plain', `${String(error)}\n`));
    });
    this.#server = server;
    const host = isLoopback(socket.address ?? '') ? (socket.address ?? '127.0.0.1') : '127.0.0.1';
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'EADDRINUSE' ? 'the port is taken by another process' : error.message;
        reject(new Error(`admin interface cannot bind ${host}:${socket.portValue}: ${why}`));
      });
      server.listen(socket.portValue ?? 0, host, () => {
        server.unref();
        resolve();
      });
    });
  }

  stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return Promise.resolve();
    return new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A page in a browser must not reach this through a name that it controls.
    if (!isLoopback(hostOf(request.headers.host ?? ''))) {
      send(response, 403, 'text/plain', 'the admin interface answers to loopback names only\n');
      return;
    }
    const answer = await this.#answerer({ method: request.method ?? 'GET', path: request.url ?? '/' });
    send(response, answer.status, answer.type, answer.body);
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-cache, max-age=0', 'x-content-type-options': 'nosniff' });
  response.end(body);
}

function hostOf(header: string): string {
  return header.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}
