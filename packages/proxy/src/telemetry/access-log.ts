import { closeSync, openSync, write } from 'node:fs';
import type { AccessLogFilterPlan, AccessLogPlan, ComparisonPlan } from '@weft/core/plan/access-log-plan';
import { headerHolds } from '@weft/core/plan/build-matcher';
import type { FormatOutput, FormatTree } from '@weft/core/plan/format-plan';
import type { ExchangeView } from '../http/exchange-view.ts';
import { celActivation } from './cel-activation.ts';
import { evaluateFormat, evaluateSegment } from './format.ts';
import type { GrpcAccessLogs } from './grpc-access-log.ts';

/** Writes access log entries to where each logger says, batched per turn of the loop. */
export class AccessLogs {
  #files: Map<string, LogFile> = new Map();
  #grpc: GrpcAccessLogs;
  #random: () => number;

  constructor(grpc: GrpcAccessLogs, random: () => number) {
    this.#grpc = grpc;
    this.#random = random;
  }

  write(logs: readonly AccessLogPlan[], exchange: ExchangeView): void {
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
  }

  #file(path: string): LogFile {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = new LogFile(path);
      this.#files.set(path, file);
    }
    return file;
  }
}

/** Whether a filter of access logs or local replies lets a request pass. */
export function passesFilter(filter: AccessLogFilterPlan, exchange: ExchangeView, random: () => number): boolean {
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

/** One log line. */
export function renderEntry(output: FormatOutput, exchange: ExchangeView): string {
  if (output.kind === 'text') return evaluateFormat(output.format, exchange, output.omitEmptyValues ? '' : '-');
  return `${JSON.stringify(renderTree(output.tree, exchange, output.omitEmptyValues))}\n`;
}

const numeric = new Set([
  'RESPONSE_CODE',
  'BYTES_RECEIVED',
  'BYTES_SENT',
  'DURATION',
  'REQUEST_DURATION',
  'RESPONSE_DURATION',
  'RESPONSE_TX_DURATION',
  'CONNECTION_ID',
  'UPSTREAM_REQUEST_ATTEMPT_COUNT',
  'DOWNSTREAM_LOCAL_PORT',
  'GRPC_STATUS_NUMBER',
]);

function renderTree(tree: FormatTree, exchange: ExchangeView, omitsEmpty: boolean): unknown {
  if (tree.kind === 'value') return tree.value;
  if (tree.kind === 'list') return tree.items.map((item) => renderTree(item, exchange, omitsEmpty));
  if (tree.kind === 'object') {
    const entries = tree.fields.map(([name, field]) => [name, renderTree(field, exchange, omitsEmpty)] as const);
    return Object.fromEntries(omitsEmpty ? entries.filter(([, value]) => value !== null) : entries);
  }
  const [only] = tree.format.segments;
  if (tree.format.segments.length !== 1 || only === undefined || only.kind === 'literal') return evaluateFormat(tree.format, exchange);
  // A field that is one operator keeps its type; a missing value is null.
  const value = evaluateSegment(only, exchange);
  return value !== null && numeric.has(only.name) ? Number(value) : value;
}

const maxPendingBytes = 4 * 1024 * 1024;

/** A log file written in batches without blocking; entries beyond what can be held are dropped rather than stopping traffic. */
class LogFile {
  #path: string;
  #fd: number | null = null;
  #pending: string[] = [];
  #pendingBytes = 0;
  #isWriting = false;
  #isScheduled = false;

  constructor(path: string) {
    this.#path = path;
    this.reopen();
  }

  append(line: string): void {
    if (this.#fd === null || this.#pendingBytes > maxPendingBytes) return;
    this.#pending.push(line);
    this.#pendingBytes += line.length;
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flush());
  }

  reopen(): void {
    this.close();
    if (this.#path === '/dev/stdout') this.#fd = 1;
    else if (this.#path === '/dev/stderr') this.#fd = 2;
    else {
      try {
        this.#fd = openSync(this.#path, 'a', 0o644);
      } catch {
        this.#fd = null;
      }
    }
  }

  close(): void {
    if (this.#fd !== null && this.#fd > 2) closeSync(this.#fd);
    this.#fd = null;
  }

  #flush(): void {
    this.#isScheduled = false;
    const fd = this.#fd;
    if (fd === null || this.#pending.length === 0) return;
    const text = this.#pending.join('');
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#isWriting = true;
    write(fd, text, () => {
      this.#isWriting = false;
      this.#flush();
    });
  }
}
