import { prometheusText } from '../telemetry/prometheus-text.ts';
import { statsText } from '../telemetry/stats-text.ts';
import type { AdminAnswer, AdminRequest } from './admin-answer.ts';
import { clustersJson, clustersText } from './clusters.ts';
import { configDump } from './config-dump.ts';
import type { ProxyInside } from './proxy-inside.ts';

/** Answers a request by its route. */
export function answerAdmin(proxy: ProxyInside, { method, path }: AdminRequest): AdminAnswer {
  const url = new URL(path, 'http://localhost');
  const route = routes[url.pathname];
  if (route === undefined) {
    const known = Object.keys(routes).map((name) => `  ${name}`);
    return { status: 404, type: 'text/plain', body: `invalid path. admin commands are:\n${known.join('\n')}\n` };
  }
  if (route.changes && method !== 'POST') {
    return { status: 405, type: 'text/plain', body: `Method ${method} not allowed, POST required.\n` };
  }
  const { status = 200, type = 'text/plain; charset=UTF-8', body } = route.run(proxy, url.searchParams);
  return { status, type, body };
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
  '/drain_listeners': change((proxy, query) => {
    proxy.drainListeners({ graceful: query.has('graceful'), inboundOnly: query.has('inboundonly') });
    return { body: 'OK\n' };
  }),
  '/healthcheck/ok': change((proxy) => {
    proxy.failHealthCheck(false);
    return { body: 'OK\n' };
  }),
  '/healthcheck/fail': change((proxy) => {
    proxy.failHealthCheck(true);
    return { body: 'OK\n' };
  }),
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
