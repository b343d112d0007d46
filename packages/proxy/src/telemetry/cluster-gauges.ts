import type { ClusterPlan } from '@weft/core/plan/cluster-plan';
import type { Breaker } from '../upstream/breakers.ts';

/** What the gauges of a cluster read. */
export interface CountedCluster {
  readonly plan: ClusterPlan;
  readonly isInitialized: boolean;
  readonly hosts: readonly CountedHost[];
  readonly breakers: { readonly default: Breaker; readonly high: Breaker };
}

interface CountedHost {
  readonly isHealthy: boolean;
  readonly isExcluded: boolean;
  readonly coarseHealth: string;
  readonly activeRequests: number;
  readonly activeConnections: number;
  /** Bytes that wait in the process to be sent to it. */
  readonly queuedBytes: number;
}

type Gauges = Readonly<Record<string, (cluster: CountedCluster) => number>>;

const count =
  (test: (host: CountedHost) => boolean) =>
  ({ hosts }: CountedCluster): number =>
    hosts.filter(test).length;

const sum =
  (read: (host: CountedHost) => number) =>
  ({ hosts }: CountedCluster): number => {
    let total = 0;
    for (const host of hosts) total += read(host);
    return total;
  };

const nothing = (): number => 0;

const limits = {
  cx: { of: 'connections', remaining: 'remaining_cx', max: 'maxConnections' },
  rq_pending: { of: 'pending', remaining: 'remaining_pending', max: 'maxPendingRequests' },
  rq: { of: 'requests', remaining: 'remaining_rq', max: 'maxRequests' },
  rq_retry: { of: 'retries', remaining: 'remaining_retries', max: 'maxRetries' },
} as const;

type Limit = (typeof limits)[keyof typeof limits];

function left(breaker: Breaker, { of, max }: Limit): number {
  return Math.max(0, breaker.limits[max] - breaker.counts()[of]);
}

/** Whether each limit of one priority is reached. */
function breakerGauges(priority: 'default' | 'high'): Gauges {
  const open = Object.entries(limits).map(([name, limit]) => {
    const isOpen = ({ breakers }: CountedCluster): number => (left(breakers[priority], limit) > 0 ? 0 : 1);
    return [`circuit_breakers.${priority}.${name}_open`, isOpen] as const;
  });
  return { ...Object.fromEntries(open), [`circuit_breakers.${priority}.cx_pool_open`]: nothing };
}

/** How much of each limit of one priority is left, shown where its thresholds say `track_remaining`. */
function remainingGauges(priority: 'default' | 'high'): Gauges {
  const remaining = Object.values(limits).map((limit) => {
    // What a retry budget leaves changes with the requests under way: Envoy tells 0.
    const isTold = ({ limits: { retryBudget } }: Breaker): boolean => limit.of !== 'retries' || retryBudget === null;
    const read = ({ breakers }: CountedCluster): number => (isTold(breakers[priority]) ? left(breakers[priority], limit) : 0);
    return [`circuit_breakers.${priority}.${limit.remaining}`, read] as const;
  });
  const pools = ({ breakers }: CountedCluster): number => breakers[priority].limits.maxConnectionPools;
  return { ...Object.fromEntries(remaining), [`circuit_breakers.${priority}.remaining_cx_pools`]: pools };
}

export const remainingStats = {
  default: { gauges: remainingGauges('default') },
  high: { gauges: remainingGauges('high') },
} as const;

/** What a cluster reads of itself when it is asked for its stats. */
export const clusterGauges: Gauges = {
  ...breakerGauges('default'),
  ...breakerGauges('high'),
  lb_subsets_active: nothing,
  max_host_weight: nothing,
  membership_degraded: count(({ coarseHealth }) => coarseHealth === 'degraded'),
  membership_excluded: count(({ isExcluded }) => isExcluded),
  membership_healthy: count(({ isHealthy }) => isHealthy),
  membership_total: ({ hosts }) => hosts.length,
  upstream_cx_active: sum(({ activeConnections }) => activeConnections),
  // Reads are handled in the callback that brings them: nothing of them waits.
  upstream_cx_rx_bytes_buffered: nothing,
  upstream_cx_tx_bytes_buffered: sum(({ queuedBytes }) => queuedBytes),
  upstream_queue_overloaded: nothing,
  upstream_rq_active: sum(({ activeRequests }) => activeRequests),
  upstream_rq_pending_active: ({ breakers }) => breakers.default.pending + breakers.high.pending,
  version: nothing,
  warming_state: ({ isInitialized }) => (isInitialized ? 0 : 1),
};
