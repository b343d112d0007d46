import type { AccessLogFilterPlan, AccessLogPlan, ComparisonPlan } from '@weft/core/plan/access-log-plan';
import { headerHolds, metadataHolds } from '@weft/core/plan/build-matcher';
import { grpcStatusOf } from '../http/local-reply.ts';
import { celActivation } from './cel-activation.ts';
import type { FileStats } from './file-stats.ts';
import type { GrpcAccessLogs } from './grpc-access-log.ts';
import type { LogEntry } from './log-entry.ts';
import { LogFile } from './log-file.ts';
import type { OpenTelemetryLogs } from './open-telemetry-logs.ts';
import { grpcStatusNames } from './operators/request-operators.ts';
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
      return true;
    case 'traceable':
      return isTraced(exchange);
    case 'metadata':
      return passesMetadata(filter, exchange);
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
      return filter.statuses.includes(grpcStatusName(exchange)) !== filter.exclude;
    case 'logType':
      return filter.types.includes(exchange.protocol === '' ? 'TcpConnectionEnd' : 'DownstreamEnd') !== filter.exclude;
    case 'cel':
      return filter.matches(celActivation(exchange));
  }
}

/** The status of what is no gRPC answer is made of its HTTP status. */
function grpcStatusName({ grpcStatus, responseStatus }: LogEntry): string {
  return grpcStatusNames[grpcStatus ?? grpcStatusOf(responseStatus)] ?? '';
}

/** As the request's id tells, which is asked only where connection managers trace. */
function isTraced(entry: LogEntry): boolean {
  return entry.origin.chain.http?.tracing != null && /^.{14}[9ab]/.test(entry.header('x-request-id') ?? '');
}

function passesMetadata({ test, passesWithout }: Extract<AccessLogFilterPlan, { kind: 'metadata' }>, entry: LogEntry): boolean {
  if (test === null) return passesWithout;
  const { decision, connection } = entry;
  const metadata = decision === null || decision.kind === 'pending' ? connection.metadata : decision.outcome.metadata;
  let value: unknown = metadata?.[test.filter];
  for (const key of test.path) value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return value === undefined ? passesWithout : metadataHolds(test, metadata);
}

function compares({ op, value }: ComparisonPlan, actual: number): boolean {
  if (op === 'EQ') return actual === value;
  if (op === 'NE') return actual !== value;
  return op === 'GE' ? actual >= value : actual <= value;
}
