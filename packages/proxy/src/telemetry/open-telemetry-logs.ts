import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { AccessLogPlan } from '@weft/core/plan/access-log-plan';
import { ExportLogsServiceRequestSchema } from '@weft/envoy-api/opentelemetry/proto/collector/logs/v1/logs_service_pb';
import type { LogRecordSchema } from '@weft/envoy-api/opentelemetry/proto/logs/v1/logs_pb';
import type { ResourceSchema } from '@weft/envoy-api/opentelemetry/proto/resource/v1/resource_pb';
import { grpcRequest, type SendToCollector } from '../http/collector-sender.ts';
import { evaluateFormat } from './format.ts';
import type { LogEntry } from './log-entry.ts';

type OpenTelemetryLog = Extract<AccessLogPlan, { kind: 'openTelemetry' }>;
type Record = MessageInitShape<typeof LogRecordSchema>;

const grpcPath = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const maxHeld = 2000;

/** Sends log records to OpenTelemetry collectors, in batches for each logger. */
export class OpenTelemetryLogs {
  #send: SendToCollector;
  #node: LoggingNode;
  #batches: Map<OpenTelemetryLog, Batch> = new Map();

  constructor(node: LoggingNode, send: SendToCollector) {
    this.#node = node;
    this.#send = send;
  }

  log(plan: OpenTelemetryLog, entry: LogEntry): void {
    let batch = this.#batches.get(plan);
    if (batch === undefined) {
      // A batch lives until it is sent: plans come and go.
      batch = new Batch(plan, this.#resource(plan), this.#send, () => this.#batches.delete(plan));
      this.#batches.set(plan, batch);
    }
    batch.add(recordOf(plan, entry));
  }

  close(): void {
    for (const batch of this.#batches.values()) batch.flush();
  }

  #resource({ hasBuiltinLabels, grpc, resourceAttributes }: OpenTelemetryLog): Resource {
    const { id, cluster, zone } = this.#node;
    const builtin = [
      ['log_name', grpc.logName],
      ['zone_name', zone],
      ['cluster_name', cluster],
      ['node_name', id],
    ] as const;
    const all = hasBuiltinLabels ? [...builtin, ...resourceAttributes] : resourceAttributes;
    return { attributes: all.map(([key, value]) => ({ key, value: textValue(value) })) };
  }
}

type Resource = MessageInitShape<typeof ResourceSchema>;

/** Who logs. */
interface LoggingNode {
  readonly id: string;
  readonly cluster: string;
  readonly zone: string;
}

class Batch {
  #plan: OpenTelemetryLog;
  #resource: Resource;
  #send: SendToCollector;
  #onSent: () => void;
  #records: Record[] = [];
  #timer: NodeJS.Timeout;

  constructor(plan: OpenTelemetryLog, resource: Resource, send: SendToCollector, onSent: () => void) {
    this.#plan = plan;
    this.#resource = resource;
    this.#send = send;
    this.#onSent = onSent;
    this.#timer = setTimeout(() => this.flush(), plan.grpc.bufferFlushIntervalMs);
    this.#timer.unref();
  }

  add(record: Record): void {
    if (this.#records.length < maxHeld) this.#records.push(record);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#onSent();
    const { grpc } = this.#plan;
    const request = create(ExportLogsServiceRequestSchema, {
      resourceLogs: [{ resource: this.#resource, scopeLogs: [{ logRecords: this.#records }] }],
    });
    const service = { cluster: grpc.cluster, authority: grpc.authority, timeoutMs: 0, initialMetadata: [] };
    this.#send(grpcRequest(service, grpcPath, toBinary(ExportLogsServiceRequestSchema, request)));
  }
}

function recordOf(plan: OpenTelemetryLog, entry: LogEntry): Record {
  const { traceId = '', spanId = '' } = entry.span ?? {};
  return {
    timeUnixNano: BigInt(Math.round(entry.startedAt * 1000)) * 1000n,
    ...(plan.body !== null && { body: textValue(evaluateFormat(plan.body, entry)) }),
    attributes: plan.attributes.map(([key, format]) => ({ key, value: textValue(evaluateFormat(format, entry)) })),
    traceId: Buffer.from(traceId.padStart(traceId === '' ? 0 : 32, '0'), 'hex'),
    spanId: Buffer.from(spanId, 'hex'),
  };
}

function textValue(text: string) {
  return { value: { case: 'stringValue' as const, value: text } };
}
