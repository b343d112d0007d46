import { metadataText } from '@weft/core/engine/format-value';
import type { FormatPlan, FormatSegment } from '@weft/core/plan/format-plan';
import { grpcStatusOf } from '../http/local-reply.ts';
import type { LogEntry } from './log-entry.ts';

/** Fills a substitution format from a request; what is missing becomes `missing` (`-` in text logs). */
export function evaluateFormat(format: FormatPlan, exchange: LogEntry, missing = '-'): string {
  if (format.literal !== null) return format.literal;
  let text = '';
  for (const segment of format.segments) text += segment.kind === 'literal' ? segment.text : (operatorOf(segment)(exchange) ?? missing);
  return text;
}

/** Reads one operator's value of an entry; null when it has none. */
export type Operator = (entry: LogEntry) => string | null;

type OperatorSegment = FormatSegment & { readonly kind: 'operator' };

const known: WeakMap<OperatorSegment, Operator> = new WeakMap();

/** The function that reads a segment's value: which one, its argument and its limit are settled once. */
export function operatorOf(segment: OperatorSegment): Operator {
  let operator = known.get(segment);
  if (operator === undefined) {
    operator = makeOperator(segment);
    known.set(segment, operator);
  }
  return operator;
}

function makeOperator({ name, argument, maxLength }: OperatorSegment): Operator {
  const read = readerOf(name, argument ?? '');
  if (maxLength === null) return (entry) => read(entry) ?? null;
  return (entry) => read(entry)?.slice(0, maxLength) ?? null;
}

function readerOf(name: string, argument: string): (entry: LogEntry) => string | null | undefined {
  const byHeader = headerOperators[name];
  if (byHeader !== undefined) {
    const names = argument.split('?').map((each) => each.toLowerCase());
    return (entry) => firstHeader(names, entry, byHeader);
  }
  const operator = operators[name];
  return operator === undefined ? () => null : (entry) => operator(entry, argument);
}

type HeaderReader = (entry: LogEntry, lowerName: string) => string | undefined;

/** Operators whose argument is `NAME?ALTERNATIVE`: the first header that is present. */
const headerOperators: Readonly<Record<string, HeaderReader>> = {
  REQ: (entry, name) => entry.header(name),
  RESP: (entry, name) => (name === ':status' ? String(entry.responseStatus) : entry.responseHeaders?.get(name)),
  TRAILER: (entry, name) => entry.responseTrailers?.get(name),
};

function firstHeader(names: readonly string[], entry: LogEntry, read: HeaderReader): string | null {
  for (const name of names) {
    const value = read(entry, name);
    if (value !== undefined) return value;
  }
  return null;
}

let formattedSecond = -1;
let formattedText = '';

/** ISO 8601 with milliseconds; all but those is the same for a whole second. */
function isoTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1000);
  if (second !== formattedSecond) {
    formattedSecond = second;
    formattedText = new Date(second * 1000).toISOString().slice(0, -4);
  }
  const ms = Math.floor(epochMs - second * 1000);
  return `${formattedText}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
}

type ArgumentOperator = (exchange: LogEntry, argument: string) => string | null | undefined;

const operators: Readonly<Record<string, ArgumentOperator>> = {
  START_TIME: (exchange) => isoTime(exchange.startedAt),
  PROTOCOL: (exchange) => exchange.protocol,
  UPSTREAM_PROTOCOL: (exchange) => exchange.upstreamProtocol || null,
  RESPONSE_CODE: (exchange) => String(exchange.responseStatus),
  RESPONSE_CODE_DETAILS: (exchange) => exchange.details || null,
  RESPONSE_FLAGS: (exchange) => exchange.flags || '-',
  BYTES_RECEIVED: (exchange) => String(exchange.requestBytes),
  BYTES_SENT: (exchange) => String(exchange.responseBytes),
  DURATION: (exchange) => String(Math.round(exchange.endedAt - exchange.startedMonotonic)),
  REQUEST_DURATION: (exchange) => elapsed(exchange, exchange.requestEndedAt),
  RESPONSE_DURATION: (exchange) => elapsed(exchange, exchange.responseStartedAt),
  RESPONSE_TX_DURATION: (exchange) =>
    exchange.responseStartedAt === 0 ? null : String(Math.round(exchange.endedAt - exchange.responseStartedAt)),
  GRPC_STATUS: (exchange) => grpcStatusName(loggedGrpcStatus(exchange)),
  GRPC_STATUS_NUMBER: (exchange) => loggedGrpcStatus(exchange)?.toString() ?? null,
  UPSTREAM_HOST: (exchange) => exchange.host?.address,
  UPSTREAM_CLUSTER: (exchange) => exchange.cluster?.plan.statName ?? routeCluster(exchange),
  UPSTREAM_CLUSTER_RAW: (exchange) => exchange.cluster?.plan.name ?? routeCluster(exchange),
  UPSTREAM_LOCAL_ADDRESS: (exchange) => exchange.upstreamLocalAddress || null,
  UPSTREAM_TRANSPORT_FAILURE_REASON: (exchange) => exchange.transportFailure || null,
  UPSTREAM_REQUEST_ATTEMPT_COUNT: (exchange) => String(exchange.attemptCount),
  DOWNSTREAM_REMOTE_ADDRESS: (exchange) => address(exchange.remote.text, exchange.connection.sourcePort),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (exchange) => exchange.remote.text,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: (exchange) => address(exchange.connection.directSource.text, exchange.connection.sourcePort),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: (exchange) => exchange.connection.directSource.text,
  DOWNSTREAM_LOCAL_ADDRESS: (exchange) => address(exchange.connection.destination.text, exchange.connection.destinationPort),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: (exchange) => exchange.connection.destination.text,
  DOWNSTREAM_LOCAL_PORT: (exchange) => String(exchange.connection.destinationPort),
  DOWNSTREAM_PEER_URI_SAN: (exchange) => exchange.connection.peerCertificate?.uriSans.join(',') || null,
  DOWNSTREAM_LOCAL_URI_SAN: (exchange) => exchange.connection.localCertificate?.uriSans.join(',') || null,
  DOWNSTREAM_PEER_SUBJECT: (exchange) => exchange.connection.peerCertificate?.subject || null,
  DOWNSTREAM_PEER_SERIAL: (exchange) => exchange.connection.peerCertificate?.serial || null,
  DOWNSTREAM_PEER_FINGERPRINT_256: (exchange) => exchange.connection.peerCertificate?.sha256 || null,
  DOWNSTREAM_TLS_VERSION: (exchange) => exchange.connection.tlsVersion || null,
  REQUESTED_SERVER_NAME: (exchange) => exchange.connection.serverName || null,
  CONNECTION_ID: (exchange) => String(exchange.connection.connectionId),
  ROUTE_NAME: (exchange) => routeName(exchange),
  LOCAL_REPLY_BODY: (exchange) => exchange.localReplyBody,
  VIRTUAL_CLUSTER_NAME: () => null,
  CONNECTION_TERMINATION_DETAILS: () => null,
  FILTER_CHAIN_NAME: (exchange) => exchange.origin.chain.name || null,
  DYNAMIC_METADATA: (exchange, argument) => metadataOf(exchange, argument),
  METADATA: (exchange, argument) => (argument.startsWith('DYNAMIC:') ? metadataOf(exchange, argument.slice(8)) : null),
  HOSTNAME: () => process.env.HOSTNAME ?? null,
  STREAM_ID: (exchange) => exchange.requestId || null,
};

/** The cluster of the route taken, for requests that were answered before one was chosen. */
function routeCluster(exchange: LogEntry): string | null {
  const { decision } = exchange;
  if (exchange.flags === 'NC') return null;
  if (decision?.kind !== 'localReply' && decision?.kind !== 'forward') return null;
  const action = decision.route?.action;
  if (action?.kind !== 'forward' || action.clusters.length !== 1) return null;
  const [only] = action.clusters;
  return only?.clusterHeader === null ? only.name : null;
}

/** Only gRPC requests have one; an answer that is no gRPC counts by its HTTP status. */
function loggedGrpcStatus(exchange: LogEntry): number | null {
  if (!exchange.isGrpc) return null;
  return exchange.grpcStatus ?? (exchange.responseStatus === 0 ? null : grpcStatusOf(exchange.responseStatus));
}

/** Name of the route taken; null when none was found. */
export function routeName(exchange: LogEntry): string | null {
  const { decision } = exchange;
  if (decision === null || decision.kind === 'pending') return null;
  return decision.route?.name || null;
}

function address(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function elapsed(exchange: LogEntry, at: number): string | null {
  return at === 0 ? null : String(Math.round(at - exchange.startedMonotonic));
}

function metadataOf({ decision }: LogEntry, argument: string): string | undefined {
  return decision === null || decision.kind === 'pending' ? undefined : metadataText(decision.outcome.metadata, argument);
}

const grpcNames = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

function grpcStatusName(status: number | null): string | null {
  return status === null ? null : (grpcNames[status] ?? String(status));
}
