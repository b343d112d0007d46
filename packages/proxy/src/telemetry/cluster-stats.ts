import { type CountedCluster, remainingStats } from './cluster-gauges.ts';
import { type ClusterEvent, clusterStats } from './cluster-stat-names.ts';
import { ConnectionStats } from './connection-stats.ts';
import { http1CodecStats } from './http1-stats.ts';
import { Http2Stats } from './http2-stats.ts';
import type { Counter, Histogram, Registry } from './registry.ts';
import type { StatScope } from './stat-scope.ts';
import { TlsStats } from './tls-stats.ts';

/** Where a cluster's stats stand. */
export function clusterScope(statName: string): StatScope {
  return { prefix: `cluster.${statName}.`, extractedPrefix: 'cluster.', labels: [['envoy.cluster_name', statName]] };
}

/** Stats of one upstream cluster, under Envoy's names. Those that most clusters never need are made when they are first counted. */
export class ClusterStats {
  /** Requests that got a connection. */
  readonly requests: Counter;
  readonly pending: Counter;
  readonly connections: Counter;
  readonly connectMs: Histogram;
  #registry: Registry;
  #scope: StatScope;
  #byStatus: Map<number, readonly Counter[]> = new Map();
  #traffic: ConnectionStats | null = null;
  #tls: TlsStats | null = null;
  #http2: Http2Stats | null = null;
  #hasHttp1 = false;
  #times: { readonly all: Histogram; external: Histogram | null; internal: Histogram | null } | null = null;

  constructor(registry: Registry, cluster: CountedCluster) {
    this.#registry = registry;
    this.#scope = clusterScope(cluster.plan.statName);
    const counter = (name: string): Counter => registry.counter(this.#scope, name);
    registry.declare(this.#scope, clusterStats, cluster);
    if (cluster.plan.transport.kind === 'tls') this.#tls = new TlsStats(registry, this.#scope, 'client');
    for (const priority of ['default', 'high'] as const)
      if (cluster.plan.circuitBreakers[priority].trackRemaining) registry.declare(this.#scope, remainingStats[priority], cluster);
    this.requests = counter('upstream_rq_total');
    this.pending = counter('upstream_rq_pending_total');
    this.connections = counter('upstream_cx_total');
    this.connectMs = registry.histogram(this.#scope, 'upstream_cx_connect_ms');
  }

  /** Counts what does not happen to every request. */
  count(event: ClusterEvent, times = 1): void {
    this.#registry.counter(this.#scope, event).value += times;
  }

  /** A connection is begun. */
  countConnection(isHttp2: boolean): void {
    this.connections.value++;
    this.count(isHttp2 ? 'upstream_cx_http2_total' : 'upstream_cx_http1_total');
    if (isHttp2) this.#http2 ??= new Http2Stats(this.#registry, this.#scope);
    else if (!this.#hasHttp1) this.#registry.declare(this.#scope, http1CodecStats, null);
    this.#hasHttp1 ||= !isHttp2;
  }

  /** How many requests a connection served, told when it ends. */
  get requestsPerConnection(): Histogram {
    return this.#registry.histogram(this.#scope, 'upstream_rq_per_cx');
  }

  get http2(): Http2Stats {
    this.#http2 ??= new Http2Stats(this.#registry, this.#scope);
    return this.#http2;
  }

  get tls(): TlsStats {
    this.#tls ??= new TlsStats(this.#registry, this.#scope, 'client');
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
      counters = this.#statusCounters(status, ['', isInternal ? 'internal.' : 'external.']);
      this.#byStatus.set(key, counters);
    }
    for (const counter of counters) counter.value++;
  }

  /** Counts an answer that was not passed on: another try was made instead. */
  countRetried(status: number): void {
    for (const counter of this.#statusCounters(status, ['retry.'])) counter.value++;
  }

  /** Milliseconds from the end of a request to the end of its response. */
  recordTime(ms: number, isInternal: boolean): void {
    const origin = isInternal ? 'internal' : 'external';
    this.#times ??= { all: this.#registry.histogram(this.#scope, 'upstream_rq_time'), external: null, internal: null };
    this.#times[origin] ??= this.#registry.histogram(this.#scope, `${origin}.upstream_rq_time`);
    this.#times.all.observe(ms);
    this.#times[origin].observe(ms);
  }

  #statusCounters(status: number, prefixes: readonly string[]): Counter[] {
    const names = [`upstream_rq_${Math.floor(status / 100)}xx`, `upstream_rq_${status}`, 'upstream_rq_completed'];
    return prefixes.flatMap((prefix) => names.map((name) => this.#registry.counter(this.#scope, prefix + name)));
  }
}
