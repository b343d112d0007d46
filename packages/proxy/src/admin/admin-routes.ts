import { compileRegex } from '@weft/core/plan/regex';
import { prometheusText } from '../telemetry/prometheus-text.ts';
import { proxyVersion } from '../xds/weft-node.ts';
import type { AdminAnswer, AdminRequest } from './admin-answer.ts';
import { certificates } from './certificates.ts';
import { clustersJson, clustersText } from './clusters.ts';
import { configDump } from './config-dump.ts';
import { answerLogging } from './log-levels.ts';
import type { ProxyInside } from './proxy-inside.ts';
import { snakeJson } from './snake-json.ts';
import { answerStats } from './stats-route.ts';

const textType = 'text/plain; charset=UTF-8';

/** Answers a request by its route. */
export function answerAdmin(proxy: ProxyInside, { method, path }: AdminRequest): AdminAnswer {
  const url = new URL(path, 'http://localhost');
  const route = routes[url.pathname];
  if (route === undefined) return { status: 404, type: textType, body: `invalid path. ${help()}` };
  if (route.changes && method !== 'POST') return { status: 405, type: textType, body: `Method ${method} not allowed, POST required.` };
  const { status = 200, type = textType, body } = route.run(proxy, url.searchParams);
  return { status, type, body };
}

interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly body: string;
}

interface Route {
  readonly help: string;
  /** Changes something, and so wants POST. */
  readonly changes: boolean;
  run(proxy: ProxyInside, query: URLSearchParams): Answer;
}

const read = (help: string, run: Route['run']): Route => ({ help, changes: false, run });
const change = (help: string, run: Route['run']): Route => ({ help, changes: true, run });
const json = (value: unknown): Answer => ({ type: 'application/json', body: `${JSON.stringify(value, null, 1)}\n` });
/** As protobuf prints JSON: what HTML would take for markup is escaped. */
const escapedJson = (value: unknown): Answer => {
  const { type, body } = json(value);
  return { type, body: body.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e') };
};
const done = (action: (proxy: ProxyInside, query: URLSearchParams) => void): Route['run'] => {
  return (proxy, query) => {
    action(proxy, query);
    return { body: 'OK\n' };
  };
};

const routes: Readonly<Record<string, Route>> = {
  '/': read('Admin home page', () => ({ body: help() })),
  '/certs': read('print certs on machine', (proxy) => escapedJson(certificates(proxy))),
  '/clusters': read('upstream cluster status', clusters),
  '/config_dump': read('dump current Envoy configs', dump),
  '/contention': read('dump mutex contention stats', () => ({ body: 'Mutex contention is not traced: one thread runs a worker.\n' })),
  '/drain_listeners': change(
    'drain listeners',
    done((proxy, query) => proxy.drainListeners({ graceful: query.has('graceful'), inboundOnly: query.has('inboundonly') })),
  ),
  '/healthcheck/fail': change(
    'cause the server to fail health checks',
    done((proxy) => proxy.failHealthCheck(true)),
  ),
  '/healthcheck/ok': change(
    'cause the server to pass health checks',
    done((proxy) => proxy.failHealthCheck(false)),
  ),
  '/help': read('print out list of admin commands', () => ({ body: help() })),
  '/hot_restart_version': read('print the hot restart compatibility version', () => ({ body: 'disabled' })),
  '/init_dump': read('dump what initialization still waits for', (proxy) => json(initDump(proxy))),
  '/listeners': read('print listener info', (proxy, query) => listeners(proxy, query.get('format') === 'json')),
  '/logging': change('query/change logging levels', answerLogging),
  '/memory': read('print current allocation/heap usage', () => json(memory())),
  '/quitquitquit': change(
    'exit the server',
    done((proxy) => void proxy.stop()),
  ),
  '/ready': read('print server state, return 200 if LIVE, otherwise return 503', (proxy) => ({
    status: proxy.isReady ? 200 : 503,
    body: `${stateOf(proxy)}\n`,
  })),
  '/reopen_logs': change(
    'reopen access logs',
    done((proxy) => proxy.reopenLogs()),
  ),
  '/reset_counters': change(
    'reset all counters to zero',
    done((proxy) => proxy.registry.resetCounters()),
  ),
  '/runtime': read('print runtime values', () => json({ layers: [], entries: {} })),
  '/runtime_modify': change('change runtime values', modifyRuntime),
  '/server_info': read('print server version/status information', (proxy) => json(serverInfo(proxy))),
  '/stats': read('print server stats', answerStats),
  '/stats/recentlookups': read('show recent lookups of names of stats', () => ({ body: 'Lookups are not tracked.\n\ntotal: 0\n' })),
  '/stats/prometheus': read('print server stats in prometheus format', (proxy, query) => {
    query.set('format', 'prometheus');
    return [...query.keys()].length > 1 ? answerStats(proxy, query) : { body: prometheusText(proxy.stats()) };
  }),
};

function help(): string {
  const lines = Object.entries(routes).map(([path, route]) => `  ${path}${route.changes ? ' (POST)' : ''}: ${route.help}\n`);
  return `admin commands are:\n${lines.join('')}`;
}

function stateOf(proxy: ProxyInside): 'LIVE' | 'DRAINING' | 'INITIALIZING' {
  return proxy.isReady ? 'LIVE' : proxy.isDraining ? 'DRAINING' : 'INITIALIZING';
}

function clusters(proxy: ProxyInside, query: URLSearchParams): Answer {
  const filter = query.get('filter') ?? '';
  const regex = filter === '' ? null : compileRegex(filter);
  if (filter !== '' && regex === null) return { status: 400, body: `Invalid re2 regex: ${filter}` };
  const isWanted = (name: string): boolean => regex === null || regex.find(name) !== null;
  return query.get('format') === 'json' ? json(clustersJson(proxy, isWanted)) : { body: clustersText(proxy, isWanted) };
}

function dump(proxy: ProxyInside, query: URLSearchParams): Answer {
  const result = configDump(proxy, {
    resource: query.get('resource'),
    mask: query.get('mask'),
    nameRegex: query.get('name_regex'),
    includesEndpoints: query.has('include_eds'),
  });
  return result.ok ? json(result.dump) : { status: result.status, type: 'text/plain', body: result.error };
}

function serverInfo(proxy: ProxyInside): unknown {
  const uptime = `${Math.floor((Date.now() - proxy.startedAt) / 1000)}s`;
  return {
    version: `weft/${proxyVersion}`,
    state: stateOf(proxy),
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: 'disabled',
    command_line_options: { log_level: proxy.logThreshold, mode: 'Serve', disable_hot_restart: true },
    node: snakeJson(proxy.node, 'envoy.config.core.v3.Node'),
    xds: proxy.ads?.status ?? null,
  };
}

/** Clusters that have no endpoints yet, in Envoy's shape. */
function initDump({ clusters }: ProxyInside): unknown {
  const waiting = clusters.all().filter(({ isInitialized }) => !isInitialized);
  if (waiting.length === 0) return {};
  return { unready_targets_dumps: [{ name: 'init manager Server', target_names: waiting.map(({ plan }) => `cluster ${plan.name}`) }] };
}

/** There is no runtime layer to change, as in an Envoy whose bootstrap names none. */
function modifyRuntime(_proxy: ProxyInside, query: URLSearchParams): Answer {
  if ([...query].length === 0) return { status: 400, body: 'usage: /runtime_modify?key1=value1&key2=value2&keyN=valueN\n' };
  return { status: 503, body: 'No admin layer specified' };
}

function memory(): unknown {
  const { rss, heapTotal, heapUsed } = process.memoryUsage();
  return {
    allocated: String(heapUsed),
    heap_size: String(heapTotal),
    pageheap_unmapped: '0',
    pageheap_free: String(heapTotal - heapUsed),
    total_thread_cache: '0',
    total_physical_bytes: String(rss),
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
