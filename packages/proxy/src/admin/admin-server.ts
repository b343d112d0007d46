import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { prometheusText } from '../telemetry/prometheus-text.ts';
import { statsText } from '../telemetry/stats-text.ts';
import { clustersJson, clustersText } from './clusters.ts';
import { configDump } from './config-dump.ts';
import type { ProxyInside } from './proxy-inside.ts';

/** The admin interface on the bootstrap's admin address: loopback only, whatever the bootstrap says. */
export class AdminServer {
  #proxy: ProxyInside;
  #server: Server | null = null;

  constructor(proxy: ProxyInside) {
    this.#proxy = proxy;
  }

  get port(): number | null {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : null;
  }

  start(): Promise<void> {
    const socket = this.#proxy.bootstrap.admin?.address?.socketAddress;
    if (socket === undefined) return Promise.resolve();
    const server = createServer((request, response) => this.#answer(request, response));
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

  #answer(request: IncomingMessage, response: ServerResponse): void {
    // A page in a browser must not reach this through a name that it controls.
    if (!isLoopback(hostOf(request.headers.host ?? ''))) {
      send(response, 403, 'text/plain', 'the admin interface answers to loopback names only\n');
      return;
    }
    const url = new URL(request.url ?? '/', 'http://localhost');
    const route = routes[url.pathname];
    if (route === undefined) {
      send(
        response,
        404,
        'text/plain',
        `invalid path. admin commands are:\n${Object.keys(routes)
          .map((path) => `  ${path}`)
          .join('\n')}\n`,
      );
      return;
    }
    if (route.changes && request.method !== 'POST') {
      send(response, 405, 'text/plain', `Method ${request.method} not allowed, POST required.\n`);
      return;
    }
    const answer = route.run(this.#proxy, url.searchParams);
    send(response, answer.status ?? 200, answer.type ?? 'text/plain; charset=UTF-8', answer.body);
  }
}

interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly body: string;
}

interface Route {
  readonly changes: boolean;
  run(proxy: ProxyInside, query: URLSearchParams): Answer;
}

const read = (run: Route['run']): Route => ({ changes: false, run });
const change = (run: Route['run']): Route => ({ changes: true, run });
const json = (value: unknown): Answer => ({ type: 'application/json', body: `${JSON.stringify(value, null, 1)}\n` });

const routes: Readonly<Record<string, Route>> = {
  '/ready': read((proxy) => ({
    status: proxy.isReady ? 200 : 503,
    body: proxy.isReady ? 'LIVE\n' : proxy.isDraining ? 'DRAINING\n' : 'INITIALIZING\n',
  })),
  '/server_info': read((proxy) => json(serverInfo(proxy))),
  '/config_dump': read((proxy) => json(configDump(proxy))),
  '/clusters': read((proxy, query) => (query.get('format') === 'json' ? json(clustersJson(proxy)) : { body: clustersText(proxy) })),
  '/listeners': read((proxy, query) => listeners(proxy, query.get('format') === 'json')),
  '/stats': read((proxy, query) =>
    query.get('format') === 'prometheus' ? prometheus(proxy) : { body: filtered(statsText(proxy.stats()), query.get('filter')) },
  ),
  '/stats/prometheus': read(prometheus),
  '/certs': read((proxy) => json({ certificates: proxy.identity?.status ? [proxy.identity.status] : [] })),
  '/drain_listeners': change((proxy) => {
    proxy.drain();
    return { body: 'OK\n' };
  }),
  '/healthcheck/ok': change(() => ({ body: 'OK\n' })),
  '/healthcheck/fail': change(() => ({ body: 'OK\n' })),
  '/quitquitquit': change((proxy) => {
    void proxy.stop();
    return { body: 'OK\n' };
  }),
};

function prometheus(proxy: ProxyInside): Answer {
  return { type: 'text/plain; version=0.0.4', body: prometheusText(proxy.stats()) };
}

function filtered(text: string, filter: string | null): string {
  if (filter === null || filter === '') return text;
  return text
    .split('\n')
    .filter((line) => line.includes(filter))
    .concat('')
    .join('\n');
}

function serverInfo(proxy: ProxyInside): unknown {
  return {
    version: 'weft',
    state: proxy.isReady ? 'LIVE' : proxy.isDraining ? 'DRAINING' : 'INITIALIZING',
    uptime_current_epoch: `${Math.floor((Date.now() - proxy.startedAt) / 1000)}s`,
    node: proxy.node,
    xds: proxy.ads?.status ?? null,
  };
}

function listeners(proxy: ProxyInside, asJson: boolean): Answer {
  const entries = proxy.listeners.all.map((listener) => ({ name: listener.plan.name, addresses: listener.boundAddresses }));
  if (!asJson)
    return {
      body: entries.map(({ name, addresses }) => `${name}::${addresses.map((a) => `${a.address}:${a.port}`).join(',')}\n`).join(''),
    };
  return json({
    listener_statuses: entries.map(({ name, addresses }) => ({
      name,
      local_address: { socket_address: { address: addresses[0]?.address ?? '', port_value: addresses[0]?.port ?? 0 } },
    })),
  });
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
