import { create, fromJson, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { GrpcLogPlan } from '@weft/core/plan/access-log-plan';
import { type NodeJson, NodeSchema } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import { HTTPAccessLogEntrySchema, TCPAccessLogEntrySchema } from '@weft/envoy-api/envoy/data/accesslog/v3/accesslog_pb';
import { StreamAccessLogsMessageSchema } from '@weft/envoy-api/envoy/service/accesslog/v3/als_pb';
import { GrpcClientStream } from '../http/grpc-client-stream.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import { httpLogEntry, tcpLogEntry } from './access-log-entry.ts';
import type { LogEntry } from './log-entry.ts';

const path = '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs';

/** Sends access log entries to Envoy access log services through the proxy's own clusters, one stream per service, log name and kind. */
export class GrpcAccessLogs {
  #node: NodeJson;
  #clusters: ClusterManager;
  #logs: Map<string, ServiceLog> = new Map();

  constructor(node: NodeJson, clusters: ClusterManager) {
    this.#node = node;
    this.#clusters = clusters;
  }

  logHttp(plan: GrpcLogPlan, entry: LogEntry): void {
    this.#log(plan, 'http').add(toBinary(HTTPAccessLogEntrySchema, httpLogEntry(plan, entry)));
  }

  logTcp(plan: GrpcLogPlan, entry: LogEntry): void {
    this.#log(plan, 'tcp').add(toBinary(TCPAccessLogEntrySchema, tcpLogEntry(plan, entry)));
  }

  close(): void {
    for (const log of this.#logs.values()) log.close();
  }

  #log(plan: GrpcLogPlan, kind: EntryKind): ServiceLog {
    const key = `${kind}|${plan.cluster}|${plan.logName}`;
    let log = this.#logs.get(key);
    if (log === undefined) {
      log = new ServiceLog(plan, kind, this.#node, this.#clusters);
      this.#logs.set(key, log);
    }
    return log;
  }
}

type EntryKind = 'http' | 'tcp';

/** Numbers of the fields `http_logs` and `tcp_logs`; both messages have their entries in field 1. */
const logsField = { http: StreamAccessLogsMessageSchema.field.httpLogs.number, tcp: StreamAccessLogsMessageSchema.field.tcpLogs.number };
const entryField = 1;

/** Encoded entries on their way to one service. Entries are dropped while it is away, or takes them too slowly. */
class ServiceLog {
  #plan: GrpcLogPlan;
  #kind: EntryKind;
  #node: NodeJson;
  #clusters: ClusterManager;
  #entries: Uint8Array[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #stream: GrpcClientStream | null = null;

  constructor(plan: GrpcLogPlan, kind: EntryKind, node: NodeJson, clusters: ClusterManager) {
    this.#plan = plan;
    this.#kind = kind;
    this.#node = node;
    this.#clusters = clusters;
  }

  /** Entries go when their bytes are enough, or when the first of them has waited long enough. */
  add(entry: Uint8Array): void {
    this.#entries.push(entry);
    this.#bytes += entry.length;
    if (this.#bytes >= this.#plan.bufferSizeBytes) this.#flush();
    else if (this.#timer === null) {
      this.#timer = setTimeout(() => this.#flush(), this.#plan.bufferFlushIntervalMs);
      this.#timer.unref();
    }
  }

  close(): void {
    this.#flush();
    this.#stream?.end();
    this.#stream = null;
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const entries = this.#entries.splice(0);
    this.#bytes = 0;
    const cluster = this.#clusters.get(this.#plan.cluster);
    if (entries.length === 0 || cluster === undefined) return;
    let stream = this.#stream;
    const isFirst = stream === null || !stream.isOpen || stream.cluster !== cluster;
    if (stream === null || isFirst) {
      stream?.end();
      stream = new GrpcClientStream(cluster, { path, authority: this.#plan.authority || this.#plan.cluster });
      this.#stream = stream;
    }
    if (!stream.isFull) stream.send(this.#message(entries, isFirst));
  }

  /** The first message of a stream tells who sends it. */
  #message(entries: readonly Uint8Array[], isFirst: boolean): Uint8Array {
    const writer = new BinaryWriter();
    if (isFirst) {
      const identifier = { node: fromJson(NodeSchema, this.#node), logName: this.#plan.logName };
      writer.raw(toBinary(StreamAccessLogsMessageSchema, create(StreamAccessLogsMessageSchema, { identifier })));
    }
    writer.tag(logsField[this.#kind], WireType.LengthDelimited).fork();
    for (const entry of entries) writer.tag(entryField, WireType.LengthDelimited).bytes(entry);
    return writer.join().finish();
  }
}
