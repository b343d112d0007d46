import type { DeclaredStats, Registry } from './registry.ts';
import type { StatScope } from './stat-scope.ts';

/** What the gauges of the whole process read. */
export interface CountedServer {
  readonly isReady: boolean;
  readonly isDraining: boolean;
  readonly startedAt: number;
  /** Threads that serve. */
  readonly concurrency: number;
  readonly clusters: { all(): readonly { readonly isInitialized: boolean }[] };
  readonly listeners: { readonly all: readonly { readonly connectionCount: number; readonly drainingChains: number }[] };
  /** Days until the first certificate in force ends. */
  readonly daysUntilFirstCertificateEnds: number;
}

type ServerStats = DeclaredStats<CountedServer>;

/** Scope of a group of the whole process. */
export const serverScope = (name: string): StatScope => ({ prefix: `${name}.`, extractedPrefix: `${name}.`, labels: [] });

const server: ServerStats = {
  gauges: {
    concurrency: ({ concurrency }) => concurrency,
    days_until_first_cert_expiring: ({ daysUntilFirstCertificateEnds }) => daysUntilFirstCertificateEnds,
    hot_restart_epoch: () => 0,
    hot_restart_generation: () => 1,
    live: ({ isReady }) => (isReady ? 1 : 0),
    memory_allocated: () => process.memoryUsage().heapUsed,
    memory_heap_size: () => process.memoryUsage().heapTotal,
    memory_physical_size: () => process.memoryUsage.rss(),
    parent_connections: () => 0,
    // Live, draining, before initialization, initializing.
    state: ({ isReady, isDraining }) => (isReady ? 0 : isDraining ? 1 : 3),
    total_connections: ({ listeners }) => listeners.all.reduce((sum, { connectionCount }) => sum + connectionCount, 0),
    uptime: ({ startedAt }) => Math.floor((Date.now() - startedAt) / 1000),
  },
};

const clusterManager: ServerStats = {
  gauges: {
    active_clusters: ({ clusters }) => clusters.all().length,
    warming_clusters: ({ clusters }) => clusters.all().filter(({ isInitialized }) => !isInitialized).length,
  },
};

const listenerManager: ServerStats = {
  counters: ['listener_stopped'],
  gauges: {
    total_filter_chains_draining: ({ listeners }) => listeners.all.reduce((sum, { drainingChains }) => sum + drainingChains, 0),
    total_listeners_active: ({ listeners }) => listeners.all.length,
    workers_started: () => 1,
  },
};

/** Registers Envoy's stats of the server, its clusters and its listeners. */
export function registerServerStats(registry: Registry, counted: CountedServer): void {
  registry.declare(serverScope('server'), server, counted);
  registry.declare(serverScope('cluster_manager'), clusterManager, counted);
  registry.declare(serverScope('listener_manager'), listenerManager, counted);
}
