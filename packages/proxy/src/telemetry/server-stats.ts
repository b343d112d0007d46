import type { Registry, StatScope } from './registry.ts';

/** What the gauges of the whole process read. */
export interface CountedServer {
  readonly isReady: boolean;
  readonly isDraining: boolean;
  readonly startedAt: number;
  /** Threads that serve. */
  readonly concurrency: number;
  readonly clusters: { all(): readonly unknown[] };
  readonly listeners: { readonly all: readonly { readonly connectionCount: number }[] };
}

/** Scope of a group of the whole process. */
export const serverScope = (name: string): StatScope => ({ prefix: `${name}.`, extractedPrefix: `${name}.`, labels: [] });

/** Registers Envoy's gauges of the server, its clusters and its listeners. */
export function registerServerStats(registry: Registry, server: CountedServer): void {
  const gauge = (group: string, name: string, read: () => number): void => registry.readGauge(serverScope(group), name, read);
  gauge('server', 'live', () => (server.isReady ? 1 : 0));
  // Live, draining, before initialization, initializing.
  gauge('server', 'state', () => (server.isReady ? 0 : server.isDraining ? 1 : 3));
  gauge('server', 'uptime', () => Math.floor((Date.now() - server.startedAt) / 1000));
  gauge('server', 'concurrency', () => server.concurrency);
  gauge('server', 'hot_restart_epoch', () => 0);
  gauge('server', 'parent_connections', () => 0);
  gauge('server', 'total_connections', () => server.listeners.all.reduce((sum, { connectionCount }) => sum + connectionCount, 0));
  gauge('server', 'memory_allocated', () => process.memoryUsage().heapUsed);
  gauge('server', 'memory_heap_size', () => process.memoryUsage().heapTotal);
  gauge('server', 'memory_physical_size', () => process.memoryUsage.rss());
  gauge('cluster_manager', 'active_clusters', () => server.clusters.all().length);
  gauge('listener_manager', 'total_listeners_active', () => server.listeners.all.length);
}
