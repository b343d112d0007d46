import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { TracingProviderPlan } from '@weft/core/plan/tracing-plan';
import { ExportTraceServiceRequestSchema } from '@weft/envoy-api/opentelemetry/proto/collector/trace/v1/trace_service_pb';
import { Span_SpanKind, type SpanSchema, Status_StatusCode } from '@weft/envoy-api/opentelemetry/proto/trace/v1/trace_pb';
import { grpcRequest, httpRequest } from '../http/collector-sender.ts';
import type { ExporterEnvironment } from './exporter-environment.ts';
import { resourceAttributes } from './resource-attributes.ts';
import type { Span, SpanExporter } from './span.ts';
import { SpanBatch } from './span-batch.ts';

const grpcPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

/** Sends spans as OTLP, over gRPC or over HTTP with protobuf bodies. */
export class OtlpExporter implements SpanExporter {
  #provider: Extract<TracingProviderPlan, { kind: 'openTelemetry' }>;
  #environment: ExporterEnvironment;
  #batch: SpanBatch;
  #attributes: ReturnType<typeof textAttributes>;

  constructor(provider: Extract<TracingProviderPlan, { kind: 'openTelemetry' }>, environment: ExporterEnvironment) {
    this.#provider = provider;
    this.#environment = environment;
    const { serviceName, resource } = provider;
    this.#attributes = textAttributes([...resourceAttributes(resource, { serviceName, version: environment.version })]);
    this.#batch = new SpanBatch(environment.batching('opentelemetry'), (spans) => this.#send(spans));
  }

  export(span: Span): void {
    this.#batch.add(span);
  }

  close(): void {
    this.#batch.flush();
  }

  #send(spans: readonly Span[]): void {
    const body = Buffer.from(toBinary(ExportTraceServiceRequestSchema, this.#request(spans)));
    const { grpc, http } = this.#provider;
    if (grpc !== null) this.#environment.send(grpcRequest(grpc, grpcPath, body));
    else if (http !== null) this.#environment.send(httpRequest(http, 'application/x-protobuf', body));
  }

  #request(spans: readonly Span[]) {
    const { version } = this.#environment;
    const scopeSpans = [{ scope: { name: 'weft', version }, spans: spans.map(otlpSpan) }];
    return create(ExportTraceServiceRequestSchema, { resourceSpans: [{ resource: { attributes: this.#attributes }, scopeSpans }] });
  }
}

function otlpSpan(span: Span): MessageInitShape<typeof SpanSchema> {
  const { context, kind } = span;
  const status = Number(span.tags.get('http.status_code') ?? 0);
  const isError = span.tags.get('error') === 'true' || status >= 500 || (status >= 400 && kind === 'client');
  return {
    traceId: Buffer.from(context.traceId, 'hex'),
    spanId: Buffer.from(context.spanId, 'hex'),
    parentSpanId: Buffer.from(context.parentId, 'hex'),
    traceState: context.state,
    name: span.name,
    kind: kind === 'server' ? Span_SpanKind.SERVER : Span_SpanKind.CLIENT,
    startTimeUnixNano: nanoseconds(span.startedAt),
    endTimeUnixNano: nanoseconds(span.endedAt),
    attributes: textAttributes([...span.tags]),
    ...(isError && { status: { code: Status_StatusCode.ERROR } }),
  };
}

function textAttributes(pairs: readonly (readonly [string, string])[]) {
  return pairs.map(([key, text]) => ({ key, value: { value: { case: 'stringValue' as const, value: text } } }));
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}
