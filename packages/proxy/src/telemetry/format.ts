import { metadataText } from '@weft/core/engine/format-value';
import type { FormatPlan, FormatSegment } from '@weft/core/plan/format-plan';
import type { Headers } from '../http/headers.ts';
import { grpcStatusOf } from '../http/local-reply.ts';
import type { LogEntry } from './log-entry.ts';

/** Fills a substitution format from a request; what is missing becomes `missing` (`-` in text logs). */
export function evaluateFormat(format: FormatPlan, exchange: LogEntry, missing = '-'): string {
  if (format.literal !== null) return format.literal;
  let text = '';
  for (const segment of format.segments)
    text += segment.kind === 'literal' ? segment.text : (evaluateSegment(segment, exchange) ?? missing);
  return text;
}

/** One operator's value; null when the request has none. */
export function evaluateSegment(segment: FormatSegment, exchange: LogEntry): string | null {
  if (segment.kind === 'literal') return segment.text;
  const value = operatorValue(segment.name, segment.argument ?? '', exchange);
  if (value === null || value === undefined) return null;
  return segment.maxLength === null ? value : value.slice(0, segment.maxLength);
}

type Operator = (exchange: LogEntry, argument: string) => string | null | undefined;

const operators: Readonly<Record<string, Operator>> = {
  START_TIME: (exchange) => new Date(exchange.startedAt).toISOString(),
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
  REQ: (exchange, argument) => firstHeader(argument, (name) => requestHeader(exchange, name)),
  RESP: (exchange, argument) => firstHeader(argument, (name) => responseHeader(exchange, exchange.responseHeaders, name)),
  TRAILER: (exchange, argument) => firstHeader(argument, (name) => exchange.responseTrailers?.get(name)),
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

function operatorValue(name: string, argument: string, exchange: LogEntry): string | null | undefined {
  return operators[name]?.(exchange, argument);
}

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

/** `NAME?ALTERNATIVE`: the first that is present. */
function firstHeader(argument: string, read: (lowerName: string) => string | undefined): string | null {
  for (const name of argument.split('?')) {
    const value = read(name.toLowerCase());
    if (value !== undefined) return value;
  }
  return null;
}

function requestHeader(exchange: LogEntry, name: string): string | undefined {
  return exchange.header(name);
}

function responseHeader(exchange: LogEntry, headers: Headers | null, name: string): string | undefined {
  return name === ':status' ? String(exchange.responseStatus) : headers?.get(name);
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
