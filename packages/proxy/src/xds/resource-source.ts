import type { StreamStatus } from './discovery-stream.ts';

/** What fills a proxy's resource store: discovery, or in a worker thread the thread that does it for all. */
export interface ResourceSource {
  /** True once clusters and listeners have been told, or were waited for long enough. */
  readonly hasInitial: boolean;
  /** State of the aggregated stream; null without one. */
  readonly status: StreamStatus | null;
  /** Reads what is wanted now. To be called when resources or the plan changed. */
  refresh(): void;
  stop(): void;
}
