import type { AdminAnswer, AdminRequest } from '../admin/admin-answer.ts';
import type { SharedMemory } from '../io/shared-table.ts';
import type { LogLevel, ProxyOptions } from '../proxy-options.ts';
import type { StatSample } from '../telemetry/stat-sample.ts';
import type { HealthReport, ToldHostHealth } from '../upstream/told-health.ts';
import type { Bootstrap } from '../xds/bootstrap.ts';
import type { StreamStatus } from '../xds/discovery-stream.ts';
import type { ResourceKind } from '../xds/resource-kinds.ts';
import type { ResourceUpdate } from '../xds/resource-store.ts';

/** How workers drain; as the options of a proxy by the same names. */
export type WorkerDrain = Pick<ProxyOptions, 'drainTimeMs' | 'listenerDrainMs' | 'drainStrategy'>;

/** What a worker thread is started with. */
export interface WorkerStart {
  /** Without admin interface and discovery: the main thread has both. */
  readonly weftBootstrap: Bootstrap;
  readonly drain: WorkerDrain;
  readonly sessionSecret: Uint8Array;
  /** How many workers there are. */
  readonly concurrency: number;
  /** What all threads count together, and which of them this one is. */
  readonly shared: { readonly memory: SharedMemory; readonly thread: number };
  readonly updates: readonly (readonly [ResourceKind, ResourceUpdate])[];
  readonly hasInitial: boolean;
  /** What is known of hosts so far. */
  readonly health: readonly ToldHostHealth[];
}

/** From the main thread to a worker. */
export type ToWorker =
  | { readonly kind: 'update'; readonly resources: ResourceKind; readonly update: ResourceUpdate }
  | { readonly kind: 'initial' }
  | { readonly kind: 'health'; readonly changes: readonly ToldHostHealth[] }
  | { readonly kind: 'stats'; readonly id: number }
  | {
      readonly kind: 'admin';
      readonly id: number;
      readonly request: AdminRequest;
      readonly otherStats: readonly (readonly StatSample[])[];
      readonly status: StreamStatus | null;
    }
  | { readonly kind: 'stop' };

/** From a worker to the main thread. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'health'; readonly report: HealthReport }
  | { readonly kind: 'stats'; readonly id: number; readonly stats: readonly StatSample[] }
  | { readonly kind: 'admin'; readonly id: number; readonly answer: AdminAnswer };
