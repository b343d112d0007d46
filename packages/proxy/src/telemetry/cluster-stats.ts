import type { ClusterPlan } from '@weft/core/plan/cluster-plan';
import type { Counter, Registry, StatScope } from './registry.ts';

/** Counters of one upstream cluster, under the names that Envoy dashboards use. */
export interface ClusterStats {
  readonly requests: Counter;
  readonly completed: Counter;
  readonly byClass: readonly Counter[];
  readonly timeouts: Counter;
  readonly perTryTimeouts: Counter;
  readonly retries: Counter;
  readonly retrySuccesses: Counter;
  readonly retryOverflow: Counter;
  readonly retryLimitExceeded: Counter;
  readonly pendingOverflow: Counter;
  readonly activeOverflow: Counter;
  readonly resets: Counter;
  readonly connections: Counter;
  readonly connectFailures: Counter;
  readonly connectionOverflow: Counter;
  readonly noHealthyHost: Counter;
  readonly tlsVerificationFailures: Counter;
  readonly ejections: Counter;
}

/** What the gauges of a cluster read. */
export interface CountedCluster {
  readonly plan: ClusterPlan;
  readonly hosts: readonly CountedHost[];
  readonly breakers: { readonly default: { readonly pending: number } };
}

interface CountedHost {
  readonly isHealthy: boolean;
  readonly isEjected: boolean;
  readonly activeRequests: number;
  readonly activeConnections: number;
}

/** Where a cluster's stats stand. */
export function clusterScope(statName: string): StatScope {
  return { prefix: `cluster.${statName}.`, extractedPrefix: 'cluster.', labels: [['envoy.cluster_name', statName]] };
}

/** Registers a cluster's counters and gauges. */
export function clusterStats(registry: Registry, cluster: CountedCluster): ClusterStats {
  const scope = clusterScope(cluster.plan.statName);
  const counter = (name: string): Counter => registry.counter(scope, name);
  const gauge = (name: string, read: () => number): void => registry.readGauge(scope, name, read);
  gauge('membership_total', () => cluster.hosts.length);
  gauge('membership_healthy', () => cluster.hosts.filter((host) => host.isHealthy).length);
  gauge('upstream_rq_active', () => sum(cluster, (host) => host.activeRequests));
  gauge('upstream_cx_active', () => sum(cluster, (host) => host.activeConnections));
  gauge('upstream_rq_pending_active', () => cluster.breakers.default.pending);
  gauge('outlier_detection.ejections_active', () => cluster.hosts.filter((host) => host.isEjected).length);
  return {
    requests: counter('upstream_rq_total'),
    completed: counter('upstream_rq_completed'),
    byClass: [1, 2, 3, 4, 5].map((digit) => counter(`upstream_rq_${digit}xx`)),
    timeouts: counter('upstream_rq_timeout'),
    perTryTimeouts: counter('upstream_rq_per_try_timeout'),
    retries: counter('upstream_rq_retry'),
    retrySuccesses: counter('upstream_rq_retry_success'),
    retryOverflow: counter('upstream_rq_retry_overflow'),
    retryLimitExceeded: counter('upstream_rq_retry_limit_exceeded'),
    pendingOverflow: counter('upstream_rq_pending_overflow'),
    activeOverflow: counter('upstream_rq_active_overflow'),
    resets: counter('upstream_rq_rx_reset'),
    connections: counter('upstream_cx_total'),
    connectFailures: counter('upstream_cx_connect_fail'),
    connectionOverflow: counter('upstream_cx_overflow'),
    noHealthyHost: counter('upstream_cx_none_healthy'),
    tlsVerificationFailures: counter('ssl.fail_verify_san'),
    ejections: counter('outlier_detection.ejections_enforced_total'),
  };
}

function sum(cluster: CountedCluster, read: (host: { activeRequests: number; activeConnections: number }) => number): number {
  let total = 0;
  for (const host of cluster.hosts) total += read(host);
  return total;
}
