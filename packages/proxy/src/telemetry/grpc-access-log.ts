import { create, fromJson, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack, durationFromMs, StructSchema, timestampFromMs } from '@bufbuild/protobuf/wkt';
import * as grpc from '@grpc/grpc-js';
import type { GrpcLogPlan } from '@weft/core/plan/access-log-plan';
import { type Address, AddressSchema } from '@weft/envoy-api/envoy/config/core/v3/address_pb';
import { MetadataSchema, type NodeJson, NodeSchema, RequestMethod } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import {
  type HTTPAccessLogEntry,
  HTTPAccessLogEntry_HTTPVersion,
  HTTPAccessLogEntrySchema,
  type ResponseFlags,
  ResponseFlagsSchema,
} from '@weft/envoy-api/envoy/data/accesslog/v3/accesslog_pb';
import { StreamAccessLogsMessageSchema } from '@weft/envoy-api/envoy/service/accesslog/v3/als_pb';
import type { ExchangeView } from '../http/exchange-view.ts';
import { routeName } from './format.ts';
import { type Workload, workloadOfHost } from './peer-metadata.ts';

const path = '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs';
const maxPendingEntries = 2000;
const reconnectMs = 1000;

/** Sends access log entries to Envoy access log services, one stream per service and log name. Entries are dropped while a service is away. */
export class GrpcAccessLogs {
  #node: NodeJson;
  #addressOf: (cluster: string) => string | null;
  #streams: Map<string, LogStream> = new Map();

  /** `addressOf` answers the gRPC target of a cluster, null while it has no endpoint. */
  constructor(node: NodeJson, addressOf: (cluster: string) => string | null) {
    this.#node = node;
    this.#addressOf = addressOf;
  }

  logHttp(plan: GrpcLogPlan, exchange: ExchangeView): void {
    const key = `${plan.cluster}|${plan.logName}`;
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = new LogStream(plan, this.#node, () => this.#addressOf(plan.cluster));
      this.#streams.set(key, stream);
    }
    stream.add(httpEntry(plan, exchange));
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.close();
  }
}

class LogStream {
  #plan: GrpcLogPlan;
  #node: NodeJson;
  #address: () => string | null;
  #entries: HTTPAccessLogEntry[] = [];
  #timer: NodeJS.Timeout | null = null;
  #client: grpc.Client | null = null;
  #call: grpc.ClientWritableStream<Uint8Array> | null = null;
  #isFirst = true;
  #retryAt = 0;

  constructor(plan: GrpcLogPlan, node: NodeJson, address: () => string | null) {
    this.#plan = plan;
    this.#node = node;
    this.#address = address;
  }

  add(entry: HTTPAccessLogEntry): void {
    if (this.#entries.length < maxPendingEntries) this.#entries.push(entry);
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => this.#flush(), Math.max(50, this.#plan.bufferFlushIntervalMs));
    this.#timer.unref();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#flush();
    this.#call?.end();
    this.#client?.close();
  }

  #flush(): void {
    this.#timer = null;
    const entries = this.#entries;
    this.#entries = [];
    if (entries.length === 0) return;
    const call = this.#open();
    if (call === null) return;
    const message: MessageInitShape<typeof StreamAccessLogsMessageSchema> = {
      logEntries: { case: 'httpLogs', value: { logEntry: entries } },
    };
    if (this.#isFirst) message.identifier = { node: fromJson(NodeSchema, this.#node), logName: this.#plan.logName };
    this.#isFirst = false;
    call.write(toBinary(StreamAccessLogsMessageSchema, create(StreamAccessLogsMessageSchema, message)));
  }

  #open(): grpc.ClientWritableStream<Uint8Array> | null {
    if (this.#call !== null) return this.#call;
    const address = this.#address();
    if (address === null || performance.now() < this.#retryAt) return null;
    this.#client ??= new grpc.Client(address, grpc.credentials.createInsecure(), { 'grpc.max_reconnect_backoff_ms': 2000 });
    const same = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
    // A client stream that fails says so to its callback only.
    const onEnd = (): void => {
      if (this.#call === call) this.#call = null;
      this.#retryAt = performance.now() + reconnectMs;
    };
    const call: grpc.ClientWritableStream<Uint8Array> = this.#client.makeClientStreamRequest<Uint8Array, Uint8Array>(
      path,
      same,
      same,
      onEnd,
    );
    call.on('error', () => {});
    this.#isFirst = true;
    this.#call = call;
    return call;
  }
}

function httpEntry(plan: GrpcLogPlan, exchange: ExchangeView): HTTPAccessLogEntry {
  const { head, connection } = exchange;
  return create(HTTPAccessLogEntrySchema, {
    protocolVersion: exchange.protocol === 'HTTP/2' ? HTTPAccessLogEntry_HTTPVersion.HTTP2 : HTTPAccessLogEntry_HTTPVersion.HTTP11,
    commonProperties: {
      downstreamRemoteAddress: address(exchange.remote.text, connection.sourcePort),
      downstreamDirectRemoteAddress: address(connection.directSource.text, connection.sourcePort),
      downstreamLocalAddress: address(connection.destination.text, connection.destinationPort),
      startTime: timestampFromMs(exchange.startedAt),
      timeToLastRxByte: elapsed(exchange, exchange.requestEndedAt),
      timeToFirstUpstreamRxByte: elapsed(exchange, exchange.responseStartedAt),
      timeToLastDownstreamTxByte: elapsed(exchange, exchange.endedAt),
      duration: elapsed(exchange, exchange.endedAt),
      upstreamRemoteAddress: hostAddress(exchange),
      upstreamCluster: exchange.cluster?.plan.name ?? '',
      upstreamTransportFailureReason: exchange.transportFailure,
      routeName: routeName(exchange) ?? '',
      upstreamRequestAttemptCount: exchange.attemptCount,
      responseFlags: responseFlags(exchange.flags),
      ...tlsProperties(exchange),
      metadata: dynamicMetadata(exchange),
      filterStateObjects: peers(plan, exchange),
    },
    request: {
      requestMethod: RequestMethod[head.method as keyof typeof RequestMethod] ?? RequestMethod.METHOD_UNSPECIFIED,
      scheme: head.scheme,
      authority: exchange.originalAuthority,
      path: exchange.path,
      originalPath: exchange.originalPath === exchange.path ? '' : exchange.originalPath,
      userAgent: head.headers.get('user-agent') ?? '',
      referer: head.headers.get('referer') ?? '',
      forwardedFor: head.headers.get('x-forwarded-for') ?? '',
      requestId: exchange.requestId,
      requestBodyBytes: BigInt(exchange.requestBytes),
      requestHeaders: selected(plan.requestHeaders, (name) => exchange.header(name)),
    },
    response: {
      responseCode: exchange.responseStatus,
      responseBodyBytes: BigInt(exchange.responseBytes),
      responseCodeDetails: exchange.details,
      responseHeaders: selected(plan.responseHeaders, (name) => exchange.responseHeaders?.get(name)),
      responseTrailers: selected(plan.responseTrailers, (name) => exchange.responseTrailers?.get(name)),
    },
  });
}

function address(ip: string, port: number): Address {
  return create(AddressSchema, {
    address: { case: 'socketAddress', value: { address: ip, portSpecifier: { case: 'portValue', value: port } } },
  });
}

function hostAddress(exchange: ExchangeView) {
  const found = exchange.host?.endpoint.address;
  return found?.kind === 'tcp' ? address(found.host, found.port) : undefined;
}

function elapsed(exchange: ExchangeView, at: number) {
  if (at === 0) return undefined;
  const ms = Math.max(0, at - exchange.startedMonotonic);
  return durationFromMs(Math.round(ms));
}

function selected(names: readonly string[], read: (name: string) => string | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = read(name.toLowerCase());
    if (value !== undefined) found[name.toLowerCase()] = value;
  }
  return found;
}

function tlsProperties(exchange: ExchangeView) {
  const { connection } = exchange;
  if (!connection.isTls) return {};
  const names = (uris: readonly string[]) => uris.map((uri) => ({ san: { case: 'uri' as const, value: uri } }));
  return {
    tlsProperties: {
      tlsSniHostname: connection.serverName,
      peerCertificateProperties: {
        subjectAltName: names(connection.peerCertificate?.uriSans ?? []),
        subject: connection.peerCertificate?.subject ?? '',
      },
      localCertificateProperties: { subjectAltName: names(connection.localCertificate?.uriSans ?? []) },
    },
  };
}

function dynamicMetadata(exchange: ExchangeView) {
  const { decision } = exchange;
  if (decision === null || decision.kind === 'pending') return undefined;
  const { rbacPolicy, metadata } = decision.outcome;
  const entries = Object.entries(metadata);
  if (rbacPolicy === '' && entries.length === 0) return undefined;
  const filterMetadata: Record<string, Record<string, never>> = {};
  for (const [namespace, values] of entries) filterMetadata[namespace] = values as Record<string, never>;
  return create(MetadataSchema, { filterMetadata });
}

function peers(plan: GrpcLogPlan, exchange: ExchangeView) {
  const objects: Record<string, Any> = {};
  for (const name of plan.filterStateObjects) {
    const workload = peerNamed(name, exchange);
    if (workload !== null) objects[name] = anyPack(StructSchema, workload.struct);
  }
  return objects;
}

/** What the peer told, or what the control plane says of the endpoint. */
function peerNamed(name: string, exchange: ExchangeView): Workload | null {
  if (name === 'downstream_peer') return exchange.downstreamPeer as Workload | null;
  if (name === 'upstream_peer') return (exchange.upstreamPeer as Workload | null) ?? workloadOfHost(exchange.host);
  return null;
}

const flagFields: Readonly<Record<string, string>> = {
  LH: 'failedLocalHealthcheck',
  UH: 'noHealthyUpstream',
  UT: 'upstreamRequestTimeout',
  LR: 'localReset',
  UR: 'upstreamRemoteReset',
  UF: 'upstreamConnectionFailure',
  UC: 'upstreamConnectionTermination',
  UO: 'upstreamOverflow',
  NR: 'noRouteFound',
  DI: 'delayInjected',
  FI: 'faultInjected',
  RL: 'rateLimited',
  RLSE: 'rateLimitServiceError',
  DC: 'downstreamConnectionTermination',
  URX: 'upstreamRetryLimitExceeded',
  SI: 'streamIdleTimeout',
  IH: 'invalidEnvoyRequestHeaders',
  DPE: 'downstreamProtocolError',
  UMSDR: 'upstreamMaxStreamDurationReached',
  NFCF: 'noFilterConfigFound',
  DT: 'durationTimeout',
  UPE: 'upstreamProtocolError',
  NC: 'noClusterFound',
  OM: 'overloadManager',
  DF: 'dnsResolutionFailure',
};

function responseFlags(flags: string): ResponseFlags | undefined {
  if (flags === '') return undefined;
  const found: Record<string, boolean | object> = {};
  for (const flag of flags.split(',')) {
    const field = flagFields[flag];
    if (field !== undefined) found[field] = true;
    else if (flag === 'UAEX') found.unauthorizedDetails = { reason: 1 };
  }
  return create(ResponseFlagsSchema, found);
}
