import type { ClusterPlan } from '@weft/core/plan/cluster-plan';
import type { Breaker, BreakerCounts } from '../upstream/breakers.ts';
import { ConnectionStats } from './connection-stats.ts';
import type { Counter, Histogram, Registry, StatScope } from './registry.ts';
import { TlsStats } from './tls-stats.ts';

/** What the gauges of a cluster read. */
export interface CountedCluster {
  readonly plan: ClusterPlan;
  readonly hosts: readonly CountedHost[];
  readonly breakers: { readonly default: Breaker; readonly high: Breaker };
}

interface CountedHost {
  readonly isHealthy: boolean;
  readonly isExcluded: boolean;
  readonly coarseHealth: string;
  readonly activeRequests: number;
  readonly activeConnections: number;
}

/** Where a cluster's stats stand. */
export function clusterScope(statName: string): StatScope {
  return { prefix: `cluster.${statName}.`, extractedPrefix: 'cluster.', labels: [['envoy.cluster_name', statName]] };
}

/** Counters of one upstream cluster, under Envoy's names. Those that most clusters never need are made when they are first counted. */
export class ClusterStats {
  /** Requests that got a connection. */
  readonly requests: Counter;
  readonly completed: Counter;
  readonly timeouts: Counter;
  readonly perTryTimeouts: Counter;
  readonly perTryIdleTimeouts: Counter;
  readonly retries: Counter;
  readonly retrySuccesses: Counter;
  readonly retryOverflow: Counter;
  readonly retryLimitExceeded: Counter;
  readonly pending: Counter;
  readonly pendingOverflow: Counter;
  readonly activeOverflow: Counter;
  readonly resets: Counter;
  readonly connections: Counter;
  readonly http1Connections: Counter;
  readonly http2Connections: Counter;
  readonly connectFailures: Counter;
  readonly connectTimeouts: Counter;
  readonly connectionOverflow: Counter;
  readonly noHealthyHost: Counter;
  readonly connectMs: Histogram;
  #registry: Registry;
  #scope: StatScope;
  #byStatus: Map<number, readonly Counter[]> = new Map();
  #traffic: ConnectionStats | null = null;
  #tls: TlsStats | null = null;
  #times: { readonly all: Histogram; external: Histogram | null; internal: Histogram | null } | null = null;

  constructor(registry: Registry, cluster: CountedCluster) {
    this.#registry = registry;
    this.#scope = clusterScope(cluster.plan.statName);
    const counter = (name: string): Counter => registry.counter(this.#scope, name);
    registerGauges(registry, this.#scope, cluster);
    this.requests = counter('upstream_rq_total');
    this.completed = counter('upstream_rq_completed');
    this.timeouts = counter('upstream_rq_timeout');
    this.perTryTimeouts = counter('upstream_rq_per_try_timeout');
    this.perTryIdleTimeouts = counter('upstream_rq_per_try_idle_timeout');
    this.retries = counter('upstream_rq_retry');
    this.retrySuccesses = counter('upstream_rq_retry_success');
    this.retryOverflow = counter('upstream_rq_retry_overflow');
    this.retryLimitExceeded = counter('upstream_rq_retry_limit_exceeded');
    this.pending = counter('upstream_rq_pending_total');
    this.pendingOverflow = counter('upstream_rq_pending_overflow');
    this.activeOverflow = counter('upstream_rq_active_overflow');
    this.resets = counter('upstream_rq_rx_reset');
    this.connections = counter('upstream_cx_total');
    this.http1Connections = counter('upstream_cx_http1_total');
    this.http2Connections = counter('upstream_cx_http2_total');
    this.connectFailures = counter('upstream_cx_connect_fail');
    this.connectTimeouts = counter('upstream_cx_connect_timeout');
    this.connectionOverflow = counter('upstream_cx_overflow');
    this.noHealthyHost = counter('upstream_cx_none_healthy');
    this.connectMs = registry.histogram(this.#scope, 'upstream_cx_connect_ms');
  }

  get tls(): TlsStats {
    this.#tls ??= new TlsStats(this.#registry, this.#scope, 'cipher_suite');
    return this.#tls;
  }

  /** What its connections move and how they end. */
  get traffic(): ConnectionStats {
    this.#traffic ??= new ConnectionStats(this.#registry, this.#scope, 'upstream');
    return this.#traffic;
  }

  /** Counts an answer of the cluster, or one that was given in its stead. */
  countStatus(status: number, isInternal: boolean): void {
    const key = isInternal ? -status : status;
    let counters = this.#byStatus.get(key);
    if (counters === undefined) {
      counters = this.#statusCounters(status, isInternal ? 'internal.' : 'external.');
      this.#byStatus.set(key, counters);
    }
    for (const counter of counters) counter.value++;
  }

  /** Milliseconds from the end of a request to the end of its response. */
  recordTime(ms: number, isInternal: boolean): void {
    const origin = isInternal ? 'internal' : 'external';
    this.#times ??= { all: this.#registry.histogram(this.#scope, 'upstream_rq_time'), external: null, internal: null };
    this.#times[origin] ??= this.#registry.histogram(this.#scope, `${origin}.upstream_rq_time`);
    this.#times.all.observe(ms);
    this.#times[origin].observe(ms);
  }

  #statusCounters(status: number, origin: string): Counter[] {
    const names = [`upstream_rq_${Math.floor(status / 100)}xx`, `upstream_rq_${status}`];
    const all = [...names, 'upstream_rq_completed', ...names.map((name) => origin + name), `${origin}upstream_rq_completed`];
    return all.map((name) => this.#registry.counter(this.#scope, name));
  }
}

function registerGauges(registry: Registry, scope: StatScope, cluster: CountedCluster): void {
  const gauge = (name: string, read: () => number): void => registry.readGauge(scope, name, read);
  const count = (test: (host: CountedHost) => boolean) => (): number => cluster.hosts.filter(test).length;
  gauge('membership_total', () => cluster.hosts.length);
  gauge(
    'membership_healthy',
    count((host) => host.isHealthy),
  );
  gauge(
    'membership_degraded',
    count((host) => host.coarseHealth === 'degraded'),
  );
  gauge(
    'membership_excluded',
    count((host) => host.isExcluded),
  );
  gauge('upstream_rq_active', () => sum(cluster, (host) => host.activeRequests));
  gauge('upstream_cx_active', () => sum(cluster, (host) => host.activeConnections));
  gauge('upstream_rq_pending_active', () => cluster.breakers.default.pending + cluster.breakers.high.pending);
  for (const priority of ['default', 'high'] as const) registerBreaker(registry, scope, cluster, priority);
}

/** Whether each limit is reached, and how much is left where that is wanted. */
function registerBreaker(registry: Registry, scope: StatScope, { breakers, plan }: CountedCluster, priority: 'default' | 'high'): void {
  const breaker = breakers[priority];
  const limit = (name: string, remainingName: string, what: keyof BreakerCounts, max: () => number): void => {
    const left = (): number => Math.max(0, max() - breaker.counts()[what]);
    registry.readGauge(scope, `circuit_breakers.${priority}.${name}_open`, () => (left() > 0 ? 0 : 1));
    if (!plan.circuitBreakers[priority].trackRemaining) return;
    // What a retry budget leaves changes with the requests under way: Envoy tells 0.
    const isTold = (): boolean => what !== 'retries' || breaker.limits.retryBudget === null;
    registry.readGauge(scope, `circuit_breakers.${priority}.remaining_${remainingName}`, () => (isTold() ? left() : 0));
  };
  limit('cx', 'cx', 'connections', () => breaker.limits.maxConnections);
  limit('rq_pending', 'pending', 'pending', () => breaker.limits.maxPendingRequests);
  limit('rq', 'rq', 'requests', () => breaker.limits.maxRequests);
  limit('rq_retry', 'retries', 'retries', () => breaker.limits.maxRetries);
}

function sum(cluster: CountedCluster, read: (host: CountedHost) => number): number {
  let total = 0;
  for (const host of cluster.hosts) total += read(host);
  return total;
}
