import { create, fromJson, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import type { GrpcLogPlan } from '@weft/core/plan/access-log-plan';
import { type NodeJson, NodeSchema } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { HTTPAccessLogEntry, TCPAccessLogEntry } from '@weft/envoy-api/envoy/data/accesslog/v3/accesslog_pb';
import { StreamAccessLogsMessageSchema } from '@weft/envoy-api/envoy/service/accesslog/v3/als_pb';
import { httpLogEntry, tcpLogEntry } from './access-log-entry.ts';
import type { LogEntry } from './log-entry.ts';

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

  logHttp(plan: GrpcLogPlan, entry: LogEntry): void {
    this.#stream(plan).add({ kind: 'http', entry: httpLogEntry(plan, entry) });
  }

  logTcp(plan: GrpcLogPlan, entry: LogEntry): void {
    this.#stream(plan).add({ kind: 'tcp', entry: tcpLogEntry(plan, entry) });
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.close();
  }

  #stream(plan: GrpcLogPlan): LogStream {
    const key = `${plan.cluster}|${plan.logName}`;
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = new LogStream(plan, this.#node, () => this.#addressOf(plan.cluster));
      this.#streams.set(key, stream);
    }
    return stream;
  }
}

type LogMessage = MessageInitShape<typeof StreamAccessLogsMessageSchema>;

type PendingEntry =
  | { readonly kind: 'http'; readonly entry: HTTPAccessLogEntry }
  | { readonly kind: 'tcp'; readonly entry: TCPAccessLogEntry };

class LogStream {
  #plan: GrpcLogPlan;
  #node: NodeJson;
  #address: () => string | null;
  #entries: PendingEntry[] = [];
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

  add(entry: PendingEntry): void {
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
    const http = entries.flatMap((pending) => (pending.kind === 'http' ? [pending.entry] : []));
    const tcp = entries.flatMap((pending) => (pending.kind === 'tcp' ? [pending.entry] : []));
    if (http.length > 0) this.#send(call, { case: 'httpLogs', value: { logEntry: http } });
    if (tcp.length > 0) this.#send(call, { case: 'tcpLogs', value: { logEntry: tcp } });
  }

  /** The first message of a stream tells who sends it. */
  #send(call: grpc.ClientWritableStream<Uint8Array>, logEntries: LogMessage['logEntries']): void {
    const message: LogMessage = logEntries === undefined ? {} : { logEntries };
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
