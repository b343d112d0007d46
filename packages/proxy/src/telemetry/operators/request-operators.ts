import { hostname } from 'node:os';
import { headerHolds } from '@weft/core/plan/build-matcher';
import { celText, compileCel } from '@weft/core/plan/cel';
import type { Headers } from '../../http/headers.ts';
import { fastUuid } from '../../io/fast-random.ts';
import { celActivation } from '../cel-activation.ts';
import type { LogEntry } from '../log-entry.ts';
import { longFlags } from '../response-flags.ts';
import { routeName } from '../route-name.ts';
import { between, commonDuration, elapsed, sentAt } from './moments.ts';
import { type Operator, type OperatorTable, orMissing, plain } from './operator.ts';
import { formatTime } from './time-format.ts';

/** Operators about the request, its answer and the time they took. */
export const requestOperators: OperatorTable = {
  START_TIME: (format) => (entry) => formatTime(format, entry.startedAt, false),
  START_TIME_LOCAL: (format) => (entry) => formatTime(format, entry.startedAt, true),
  EMIT_TIME: (format) => () => formatTime(format, Date.now(), false),
  EMIT_TIME_LOCAL: (format) => () => formatTime(format, Date.now(), true),
  PROTOCOL: plain((entry) => orMissing(entry.protocol)),
  RESPONSE_CODE: plain((entry) => entry.responseStatus),
  RESPONSE_CODE_DETAILS: (option) => (entry) =>
    orMissing(option === 'ALLOW_WHITESPACES' ? entry.details : entry.details.replaceAll(' ', '_')),
  CONNECTION_TERMINATION_DETAILS: plain((entry) => orMissing(entry.terminationDetails)),
  RESPONSE_FLAGS: plain((entry) => entry.flags || '-'),
  RESPONSE_FLAGS_LONG: plain((entry) => (entry.flags === '' ? '-' : longFlags(entry.flags))),
  CUSTOM_FLAGS: plain(() => ''),
  BYTES_RECEIVED: plain((entry) => entry.requestBytes),
  BYTES_SENT: plain((entry) => entry.responseBytes),
  BYTES_RETRANSMITTED: plain(() => 0),
  PACKETS_RETRANSMITTED: plain(() => 0),
  REQUEST_HEADERS_BYTES: plain(requestHeadersBytes),
  RESPONSE_HEADERS_BYTES: plain((entry) => fieldBytes(entry.responseHeaders) + (entry.responseHeaders === null ? 0 : ':status200'.length)),
  RESPONSE_TRAILERS_BYTES: plain((entry) => fieldBytes(entry.responseTrailers)),
  DOWNSTREAM_WIRE_BYTES_RECEIVED: plain((entry) => entry.wireBytesReceived),
  DOWNSTREAM_WIRE_BYTES_SENT: plain((entry) => entry.wireBytesSent),
  UPSTREAM_WIRE_BYTES_SENT: plain((entry) => entry.upstreamWireBytes?.sent),
  UPSTREAM_WIRE_BYTES_RECEIVED: plain((entry) => entry.upstreamWireBytes?.received),
  UPSTREAM_CONNECTION_POOL_READY_DURATION: plain(({ poolReadyMs }) => (poolReadyMs === null ? null : Math.round(poolReadyMs))),
  DURATION: plain((entry) => elapsed(entry, entry.endedAt)),
  REQUEST_DURATION: plain((entry) => elapsed(entry, entry.requestEndedAt)),
  REQUEST_TX_DURATION: plain((entry) => (entry.upstreamProtocol === '' ? null : elapsed(entry, entry.requestEndedAt))),
  RESPONSE_DURATION: plain((entry) => elapsed(entry, entry.responseStartedAt)),
  RESPONSE_TX_DURATION: plain((entry) => between(entry.responseStartedAt, sentAt(entry), 1)),
  COMMON_DURATION: commonDuration,
  REQ: (names) => firstHeader(names, (entry, name) => entry.header(name)),
  RESP: (names) => firstHeader(names, (entry, name) => (name === ':status' ? responseStatusText(entry) : entry.responseHeaders?.get(name))),
  TRAILER: (names) => firstHeader(names, (entry, name) => entry.responseTrailers?.get(name)),
  PATH: path,
  QUERY_PARAM: (name) => (entry) => queryParameter(originalPath(entry), name),
  QUERY_PARAMS: plain((entry) => orMissing(queryOf(originalPath(entry)))),
  GRPC_STATUS: grpcStatus,
  GRPC_STATUS_NUMBER: plain((entry) => entry.loggedGrpcStatus),
  ROUTE_NAME: plain(routeName),
  VIRTUAL_CLUSTER_NAME: plain(virtualClusterName),
  LOCAL_REPLY_BODY: plain((entry) => entry.localReplyBody),
  FILTER_CHAIN_NAME: plain((entry) => orMissing(entry.origin.chain.name)),
  ACCESS_LOG_TYPE: plain((entry) => (entry.protocol === '' ? 'TcpConnectionEnd' : 'DownstreamEnd')),
  STREAM_ID: plain((entry) => orMissing(entry.requestId)),
  TRACE_ID: plain((entry) => entry.span?.traceId),
  SPAN_ID: plain((entry) => entry.span?.spanId),
  UNIQUE_ID: plain(() => fastUuid()),
  HOSTNAME: plain(() => hostname()),
  ENVIRONMENT: (name) => () => process.env[name],
  CEL: cel,
};

/** `NAME?ALTERNATIVE`: the first that is present. */
function firstHeader(names: string, read: (entry: LogEntry, lowerName: string) => string | undefined): Operator {
  const [first = '', second] = names.split('?').map((name) => name.toLowerCase());
  if (second === undefined) return (entry) => read(entry, first);
  return (entry) => read(entry, first) ?? read(entry, second);
}

function responseStatusText(entry: LogEntry): string | undefined {
  return entry.responseHeaders === null ? undefined : String(entry.responseStatus);
}

function originalPath(entry: LogEntry): string {
  return entry.header('x-envoy-original-path') ?? entry.path;
}

/** `PATH(WQ|NQ:ORIG|PATH|ORIG_OR_PATH)`: with or without query, of the path before or after rewriting. */
function path(argument: string): Operator {
  const [query = '', which = ''] = argument.split(':');
  return (entry) => {
    const original = entry.header('x-envoy-original-path');
    const found = which === 'ORIG' ? original : which === 'PATH' ? entry.path : (original ?? entry.path);
    const question = query === 'NQ' ? (found?.indexOf('?') ?? -1) : -1;
    return orMissing(question < 0 ? found : found?.slice(0, question));
  };
}

function queryOf(path: string): string {
  const at = path.indexOf('?');
  return at < 0 ? '' : path.slice(at + 1);
}

function queryParameter(path: string, name: string): string | null {
  for (const pair of queryOf(path).split('&')) {
    const [key = '', value = ''] = pair.split(/=(.*)/s);
    if (key === name) return orMissing(decode(value));
  }
  return null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const grpcNames = [
  ['OK', 'OK'],
  ['Canceled', 'CANCELLED'],
  ['Unknown', 'UNKNOWN'],
  ['InvalidArgument', 'INVALID_ARGUMENT'],
  ['DeadlineExceeded', 'DEADLINE_EXCEEDED'],
  ['NotFound', 'NOT_FOUND'],
  ['AlreadyExists', 'ALREADY_EXISTS'],
  ['PermissionDenied', 'PERMISSION_DENIED'],
  ['ResourceExhausted', 'RESOURCE_EXHAUSTED'],
  ['FailedPrecondition', 'FAILED_PRECONDITION'],
  ['Aborted', 'ABORTED'],
  ['OutOfRange', 'OUT_OF_RANGE'],
  ['Unimplemented', 'UNIMPLEMENTED'],
  ['Internal', 'INTERNAL'],
  ['Unavailable', 'UNAVAILABLE'],
  ['DataLoss', 'DATA_LOSS'],
  ['Unauthenticated', 'UNAUTHENTICATED'],
] as const;

/** Of each gRPC status, in capitals, by its number. */
export const grpcStatusNames: readonly string[] = grpcNames.map(([, name]) => name);

function grpcStatus(form: string): Operator {
  const column = form === 'SNAKE_STRING' ? 1 : 0;
  return (entry) => {
    const status = entry.loggedGrpcStatus;
    if (status === null || form === 'NUMBER') return status;
    return grpcNames[status]?.[column] ?? String(status);
  };
}

function virtualClusterName(entry: LogEntry): string | null {
  const { decision } = entry;
  if (decision === null || decision.kind === 'pending') return null;
  const found = decision.virtualHost?.virtualClusters.find(({ headers }) => headers.every((matcher) => headerHolds(matcher, entry)));
  return found?.name ?? null;
}

function cel(expression: string): Operator {
  try {
    const program = compileCel(expression);
    return (entry) => {
      const result = program.evaluate(celActivation(entry));
      return result.ok ? celText(result.value) : null;
    };
  } catch {
    return () => null;
  }
}

function requestHeadersBytes(entry: LogEntry): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(entry.headers())) bytes += name.length + value.length;
  return bytes;
}

function fieldBytes(headers: Headers | null): number {
  let bytes = 0;
  headers?.each((name, value) => {
    bytes += name.length + value.length;
  });
  return bytes;
}
