import type { Counter, DeclaredStats, Registry } from './registry.ts';
import { serverScope } from './server-stats.ts';

/** Envoy's stats of the files that access logs are written to. */
export class FileStats {
  readonly flushedByTimer: Counter;
  readonly reopenFailed: Counter;
  readonly writeBuffered: Counter;
  readonly writeCompleted: Counter;
  readonly writeFailed: Counter;
  /** Bytes that wait to be written. */
  bufferedBytes = 0;

  constructor(registry: Registry) {
    const scope = serverScope('filesystem');
    const counter = (name: string): Counter => registry.counter(scope, name);
    this.flushedByTimer = counter('flushed_by_timer');
    this.reopenFailed = counter('reopen_failed');
    this.writeBuffered = counter('write_buffered');
    this.writeCompleted = counter('write_completed');
    this.writeFailed = counter('write_failed');
    registry.declare(scope, gauges, this);
  }
}

const gauges: DeclaredStats<FileStats> = { gauges: { write_total_buffered: ({ bufferedBytes }) => bufferedBytes } };
