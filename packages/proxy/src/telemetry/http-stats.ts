import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { ExchangeView, ManagerStats } from '../http/exchange-view.ts';
import type { Connection } from '../io/connection.ts';
import { AnswerCounts } from './answer-counts.ts';
import { type ConnectionEnd, ConnectionStats } from './connection-stats.ts';
import { countsSomething, declareHttpFilters, HttpFilterStats } from './http-filter-stats.ts';
import { eventByDetails, type ManagerEvent, managerStats, unusedManagerStats } from './http-stat-names.ts';
import { http1CodecStats } from './http1-stats.ts';
import { Http2Stats } from './http2-stats.ts';
import type { Counter, Histogram, Registry } from './registry.ts';
import { rootScope, type StatScope } from './stat-scope.ts';

/** Envoy's stats of connection managers, shared by those with the same prefix. */
export class HttpStats {
  #registry: Registry;
  #byManager: WeakMap<HttpConnectionManagerPlan, HttpManagerStats> = new WeakMap();
  #byPrefix: Map<string, HttpManagerStats> = new Map();
  #filters: WeakMap<HttpConnectionManagerPlan, HttpFilterStats | null> = new WeakMap();
  #http2: Http2Stats | null = null;

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
    for (const { statPrefix, filters } of managers) {
      if (!this.#byPrefix.has(statPrefix)) this.#registry.declare(scopeOf(statPrefix), unusedManagerStats, null);
      declareHttpFilters(this.#registry, scopeOf(statPrefix), filters);
    }
    // A manager may come back after its prefix was forgotten.
    for (const manager of managers) {
      if (this.#byPrefix.has(manager.statPrefix)) continue;
      this.#byManager.delete(manager);
      this.#filters.delete(manager);
    }
  }

  /** Null for managers without filters that count. */
  #filtersOf(manager: HttpConnectionManagerPlan): HttpFilterStats | null {
    let stats = this.#filters.get(manager);
    if (stats === undefined) {
      const { statPrefix, filters } = manager;
      stats = countsSomething(filters) ? new HttpFilterStats(this.#registry, scopeOf(statPrefix), filters) : null;
      this.#filters.set(manager, stats);
    }
    return stats;
  }

  /** What the HTTP/2 connections of all clients count. */
  get http2(): Http2Stats {
    this.#http2 ??= new Http2Stats(this.#registry, rootScope);
    return this.#http2;
  }

  record(exchange: ExchangeView): void {
    const { manager } = exchange.origin;
    this.of(manager).record(exchange);
    this.#filtersOf(manager)?.record(exchange);
    if (exchange.responseStatus > 0) exchange.origin.answers.count(exchange.responseStatus);
  }
}

/** Stats of the connection managers of one prefix. */
export class HttpManagerStats implements ManagerStats {
  readonly active = { http1: 0, http2: 0, tls: 0, requests: 0, upgrades: 0 };
  readonly #registry: Registry;
  readonly #scope: StatScope;
  readonly #connections: Counter;
  readonly #http1Connections: Counter;
  readonly #http2Connections: Counter;
  readonly #tlsConnections: Counter;
  readonly #traffic: ConnectionStats;
  readonly #requests: Counter;
  readonly #http1Requests: Counter;
  readonly #http2Requests: Counter;
  readonly #answers: AnswerCounts;
  readonly #duration: Histogram;
  readonly #routed: Counter;
  readonly #open: Set<Connection> = new Set();
  #hasServedHttp1 = false;

  constructor(registry: Registry, statPrefix: string) {
    const scope = scopeOf(statPrefix);
    this.#registry = registry;
    this.#scope = scope;
    registry.declare(scope, managerStats, this);
    const counter = (name: string): Counter => registry.counter(scope, name);
    this.#connections = counter('downstream_cx_total');
    this.#http1Connections = counter('downstream_cx_http1_total');
    this.#http2Connections = counter('downstream_cx_http2_total');
    this.#tlsConnections = counter('downstream_cx_ssl_total');
    this.#traffic = new ConnectionStats(registry, scope, 'downstream');
    this.#requests = counter('downstream_rq_total');
    this.#http1Requests = counter('downstream_rq_http1_total');
    this.#http2Requests = counter('downstream_rq_http2_total');
    this.#answers = new AnswerCounts(registry, scope);
    this.#routed = counter('rq_total');
    this.#duration = registry.histogram(scope, 'downstream_rq_time');
  }

  /** Bytes that wait in the process to be sent to clients. */
  get queuedBytes(): number {
    let bytes = 0;
    for (const connection of this.#open) bytes += connection.queuedBytes;
    return bytes;
  }

  count(event: ManagerEvent): void {
    this.#registry.counter(this.#scope, event).value++;
  }

  connectionOpened(connection: Connection, isHttp2: boolean, isTls: boolean): void {
    this.#open.add(connection);
    this.#traffic.measure(connection);
    this.#connections.value++;
    (isHttp2 ? this.#http2Connections : this.#http1Connections).value++;
    if (isTls) this.#tlsConnections.value++;
    if (!isHttp2 && !this.#hasServedHttp1) {
      this.#hasServedHttp1 = true;
      this.#registry.declare(rootScope, http1CodecStats, null);
    }
    this.#countActive(isHttp2, isTls, 1);
  }

  connectionClosed(connection: Connection, end: ConnectionEnd, { isHttp2, isTls }: { isHttp2: boolean; isTls: boolean }): void {
    this.#open.delete(connection);
    this.#traffic.countEnd(end);
    this.#countActive(isHttp2, isTls, -1);
  }

  connectionRefused(connection: Connection): void {
    this.#connections.value++;
    this.#traffic.measure(connection);
    this.#traffic.countEnd({ lifeMs: 0, isByPeer: false, hasActiveRequest: false });
  }

  #countActive(isHttp2: boolean, isTls: boolean, by: 1 | -1): void {
    if (isHttp2) this.active.http2 += by;
    else this.active.http1 += by;
    if (isTls) this.active.tls += by;
  }

  requestStarted(isHttp2: boolean): void {
    this.active.requests++;
    this.#requests.value++;
    (isHttp2 ? this.#http2Requests : this.#http1Requests).value++;
  }

  upgraded(): void {
    this.active.upgrades++;
    this.count('downstream_cx_upgrades_total');
  }

  record(exchange: ExchangeView): void {
    this.active.requests--;
    const { responseStatus, decision, flags, details } = exchange;
    if (responseStatus > 0) this.#answers.count(responseStatus);
    this.#duration.observe(exchange.endedAt - exchange.startedMonotonic);
    if (details !== 'via_upstream' || flags !== '') this.#countEnd(exchange);
    if (exchange.isUpgraded) this.active.upgrades--;
    if (exchange.isBrokenOff) this.count('downstream_rq_tx_reset');
    else if (exchange.requestEndedAt === 0 && responseStatus > 0) this.count('downstream_rq_response_before_rq_complete');
    if (decision === null || decision.kind === 'pending') return;
    if (decision.kind === 'forward') this.#routed.value++;
    else this.#countRouted(exchange, decision.details);
    if (flags === 'NC') this.count('no_cluster');
  }

  /** What an unusual end counts. */
  #countEnd({ flags, details, responseStatus }: ExchangeView): void {
    if (flags === 'DC' || flags === 'DR') this.count('downstream_rq_rx_reset');
    const event = eventByDetails.get(details);
    if (event !== undefined) this.count(event);
    else if (details === 'path_normalization_failed')
      this.count(responseStatus === 307 ? 'downstream_rq_redirected_with_normalized_path' : 'downstream_rq_failed_path_normalization');
    else if (details.startsWith('upstream_reset_after_response_started')) this.count('rq_reset_after_downstream_response_started');
  }

  /** Requests that the router answered itself; those that a filter refused never came to it. */
  #countRouted({ flags }: ExchangeView, details: string): void {
    if (flags === 'NR') this.count('no_route');
    else if (details !== 'direct_response') return;
    else this.count('rq_direct_response');
    this.#routed.value++;
  }
}

function scopeOf(statPrefix: string): StatScope {
  return { prefix: `http.${statPrefix}.`, extractedPrefix: 'http.', labels: [['envoy.http_conn_manager_prefix', statPrefix]] };
}
