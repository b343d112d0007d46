import type { AccessLogFilterPlan, AccessLogPlan, ComparisonPlan } from '@weft/core/plan/access-log-plan';
import { headerHolds } from '@weft/core/plan/build-matcher';
import { celActivation } from './cel-activation.ts';
import type { FileStats } from './file-stats.ts';
import type { GrpcAccessLogs } from './grpc-access-log.ts';
import type { LogEntry } from './log-entry.ts';
import { LogFile } from './log-file.ts';
import type { OpenTelemetryLogs } from './open-telemetry-logs.ts';
import { renderEntry } from './render-entry.ts';

/** Writes access log entries to where each logger says. */
export class AccessLogs {
  #files: Map<string, LogFile> = new Map();
  #fileStats: FileStats;
  #grpc: GrpcAccessLogs;
  #openTelemetry: OpenTelemetryLogs;
  #random: () => number;

  constructor(fileStats: FileStats, grpc: GrpcAccessLogs, openTelemetry: OpenTelemetryLogs, random: () => number) {
    this.#fileStats = fileStats;
    this.#grpc = grpc;
    this.#openTelemetry = openTelemetry;
    this.#random = random;
  }

  write(logs: readonly AccessLogPlan[], exchange: LogEntry): void {
    for (const log of logs) {
      if (log.filter !== null && !passesFilter(log.filter, exchange, this.#random)) continue;
      switch (log.kind) {
        case 'file':
          this.#file(log.path).append(renderEntry(log.output, exchange));
          break;
        case 'stdout':
          this.#file('/dev/stdout').append(renderEntry(log.output, exchange));
          break;
        case 'stderr':
          this.#file('/dev/stderr').append(renderEntry(log.output, exchange));
          break;
        case 'grpcHttp':
          this.#grpc.logHttp(log.grpc, exchange);
          break;
        case 'grpcTcp':
          this.#grpc.logTcp(log.grpc, exchange);
          break;
        case 'openTelemetry':
          this.#openTelemetry.log(log, exchange);
          break;
        default:
          break;
      }
    }
  }

  /** Opens files anew, after log rotation. */
  reopen(): void {
    for (const file of this.#files.values()) file.reopen();
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#grpc.close();
    this.#openTelemetry.close();
  }

  #file(path: string): LogFile {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = new LogFile(path, this.#fileStats);
      this.#files.set(path, file);
    }
    return file;
  }
}

/** Whether a filter of access logs or local replies lets a request pass. */
export function passesFilter(filter: AccessLogFilterPlan, exchange: LogEntry, random: () => number): boolean {
  switch (filter.kind) {
    case 'statusCode':
      return compares(filter.comparison, exchange.responseStatus);
    case 'durationMs':
      return compares(filter.comparison, exchange.endedAt - exchange.startedMonotonic);
    case 'notHealthCheck':
    case 'traceable':
      return true;
    case 'runtime':
      return random() * 1_000_000 < filter.fraction.perMillion;
    case 'and':
      return filter.filters.every((entry) => passesFilter(entry, exchange, random));
    case 'or':
      return filter.filters.some((entry) => passesFilter(entry, exchange, random));
    case 'header':
      return headerHolds(filter.header, exchange);
    case 'responseFlag':
      return exchange.flags !== '' && (filter.flags.length === 0 || exchange.flags.split(',').some((flag) => filter.flags.includes(flag)));
    case 'grpcStatus':
      return filter.statuses.includes(String(exchange.grpcStatus ?? 0)) !== filter.exclude;
    case 'logType':
      return filter.types.includes('DownstreamEnd') !== filter.exclude;
    case 'cel':
      return filter.matches(celActivation(exchange));
  }
}

function compares({ op, value }: ComparisonPlan, actual: number): boolean {
  if (op === 'EQ') return actual === value;
  if (op === 'NE') return actual !== value;
  return op === 'GE' ? actual >= value : actual <= value;
}
