import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { ExchangeView, ManagerStats } from '../http/exchange-view.ts';
import type { Connection } from '../io/connection.ts';
import { type ConnectionEnd, ConnectionStats } from './connection-stats.ts';
import type { Counter, Histogram, Registry, StatScope } from './registry.ts';

/** Envoy's stats of connection managers, shared by those with the same prefix. */
export class HttpStats {
  #registry: Registry;
  #byManager: WeakMap<HttpConnectionManagerPlan, HttpManagerStats> = new WeakMap();
  #byPrefix: Map<string, HttpManagerStats> = new Map();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  of(manager: HttpConnectionManagerPlan): HttpManagerStats {
    let stats = this.#byManager.get(manager);
    if (stats !== undefined) return stats;
    stats = this.#byPrefix.get(manager.statPrefix) ?? new HttpManagerStats(this.#registry, manager.statPrefix);
    this.#byPrefix.set(manager.statPrefix, stats);
    this.#byManager.set(manager, stats);
    return stats;
  }

  /** Forgets the stats of all others. Requests of theirs that still end count where nobody looks. */
  keepOnly(managers: readonly HttpConnectionManagerPlan[]): void {
    const kept = new Set(managers.map(({ statPrefix }) => statPrefix));
    for (const prefix of this.#byPrefix.keys()) {
      if (kept.has(prefix)) continue;
      this.#byPrefix.delete(prefix);
      this.#registry.forgetScope(scopeOf(prefix));
    }
    // A manager may come back after its prefix was forgotten.
    for (const manager of managers) if (!this.#byPrefix.has(manager.statPrefix)) this.#byManager.delete(manager);
  }

  record(exchange: ExchangeView): void {
    this.of(exchange.origin.manager).record(exchange);
  }
}

class HttpManagerStats implements ManagerStats {
  #activeHttp1 = 0;
  #activeHttp2 = 0;
  #activeTls = 0;
  #activeRequests = 0;
  readonly #connections: Counter;
  readonly #traffic: ConnectionStats;
  readonly #http1Connections: Counter;
  readonly #http2Connections: Counter;
  readonly #tlsConnections: Counter;
  readonly #requests: Counter;
  readonly #http1Requests: Counter;
  readonly #http2Requests: Counter;
  readonly #completed: Counter;
  readonly #byClass: readonly Counter[];
  readonly #resets: Counter;
  readonly #duration: Histogram;
  readonly #routed: Counter;
  readonly #noRoute: Counter;
  readonly #noCluster: Counter;
  readonly #directResponses: Counter;

  constructor(registry: Registry, statPrefix: string) {
    const scope = scopeOf(statPrefix);
    const counter = (name: string): Counter => registry.counter(scope, name);
    this.#connections = counter('downstream_cx_total');
    this.#traffic = new ConnectionStats(registry, scope, 'downstream');
    this.#http1Connections = counter('downstream_cx_http1_total');
    this.#http2Connections = counter('downstream_cx_http2_total');
    this.#tlsConnections = counter('downstream_cx_ssl_total');
    this.#requests = counter('downstream_rq_total');
    this.#http1Requests = counter('downstream_rq_http1_total');
    this.#http2Requests = counter('downstream_rq_http2_total');
    this.#completed = counter('downstream_rq_completed');
    this.#byClass = [1, 2, 3, 4, 5].map((digit) => counter(`downstream_rq_${digit}xx`));
    this.#resets = counter('downstream_rq_rx_reset');
    this.#routed = counter('rq_total');
    this.#noRoute = counter('no_route');
    this.#noCluster = counter('no_cluster');
    this.#directResponses = counter('rq_direct_response');
    this.#duration = registry.histogram(scope, 'downstream_rq_time');
    registry.readGauge(scope, 'downstream_cx_active', () => this.#activeHttp1 + this.#activeHttp2);
    registry.readGauge(scope, 'downstream_cx_http1_active', () => this.#activeHttp1);
    registry.readGauge(scope, 'downstream_cx_http2_active', () => this.#activeHttp2);
    registry.readGauge(scope, 'downstream_cx_ssl_active', () => this.#activeTls);
    registry.readGauge(scope, 'downstream_rq_active', () => this.#activeRequests);
  }

  connectionOpened(connection: Connection, isHttp2: boolean, isTls: boolean): void {
    this.#traffic.measure(connection);
    this.#connections.increment();
    (isHttp2 ? this.#http2Connections : this.#http1Connections).increment();
    if (isTls) this.#tlsConnections.increment();
    this.#countActive(isHttp2, isTls, 1);
  }

  connectionClosed(end: ConnectionEnd, isHttp2: boolean, isTls: boolean): void {
    this.#traffic.countEnd(end);
    this.#countActive(isHttp2, isTls, -1);
  }

  #countActive(isHttp2: boolean, isTls: boolean, by: 1 | -1): void {
    if (isHttp2) this.#activeHttp2 += by;
    else this.#activeHttp1 += by;
    if (isTls) this.#activeTls += by;
  }

  requestStarted(isHttp2: boolean): void {
    this.#activeRequests++;
    this.#requests.increment();
    if (isHttp2) this.#http2Requests.increment();
    else this.#http1Requests.increment();
  }

  record(exchange: ExchangeView): void {
    this.#activeRequests--;
    const { responseStatus, decision, flags } = exchange;
    if (responseStatus > 0) {
      this.#completed.increment();
      this.#byClass[Math.floor(responseStatus / 100) - 1]?.increment();
    }
    if (flags === 'DC') this.#resets.increment();
    this.#duration.observe(exchange.endedAt - exchange.startedMonotonic);
    if (decision === null || decision.kind === 'pending') return;
    if (decision.kind === 'forward') this.#routed.increment();
    else this.#countRouted(exchange, decision.details);
    if (flags === 'NC') this.#noCluster.increment();
  }

  /** Requests that the router answered itself; those that a filter refused never came to it. */
  #countRouted({ flags }: ExchangeView, details: string): void {
    if (flags === 'NR') this.#noRoute.increment();
    else if (details !== 'direct_response') return;
    else this.#directResponses.increment();
    this.#routed.increment();
  }
}

function scopeOf(statPrefix: string): StatScope {
  return { prefix: `http.${statPrefix}.`, extractedPrefix: 'http.', labels: [['envoy.http_conn_manager_prefix', statPrefix]] };
}
