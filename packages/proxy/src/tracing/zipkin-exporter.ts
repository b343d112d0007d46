import type { TracingProviderPlan } from '@weft/core/plan/tracing-plan';
import { httpRequest } from '../http/collector-sender.ts';
import type { ExporterEnvironment } from './exporter-environment.ts';
import type { Span, SpanExporter } from './span.ts';
import { SpanBatch } from './span-batch.ts';

/** Sends spans in Zipkin's JSON, version 2. */
export class ZipkinExporter implements SpanExporter {
  #batch: SpanBatch;

  constructor(provider: Extract<TracingProviderPlan, { kind: 'zipkin' }>, environment: ExporterEnvironment) {
    const endpoint = { ipv4: environment.hostAddress, port: 0, serviceName: environment.nodeCluster };
    this.#batch = new SpanBatch(environment.batching('zipkin'), (spans) => {
      const body = Buffer.from(JSON.stringify(spans.map((span) => zipkinSpan(span, endpoint))));
      environment.send(httpRequest(provider.collector, 'application/json', body));
    });
  }

  export(span: Span): void {
    this.#batch.add(span);
  }

  close(): void {
    this.#batch.flush();
  }
}

/** Times are microseconds. */
function zipkinSpan(span: Span, localEndpoint: object): unknown {
  const { context, kind } = span;
  const timestamp = Math.round(span.startedAt * 1000);
  const ended = Math.round(span.endedAt * 1000);
  return {
    traceId: context.traceId,
    id: context.spanId,
    ...(context.parentId !== '' && { parentId: context.parentId }),
    name: span.name,
    kind: kind === 'server' ? 'SERVER' : 'CLIENT',
    timestamp,
    duration: Math.max(1, ended - timestamp),
    localEndpoint,
    annotations: [{ timestamp: ended, value: kind === 'server' ? 'ss' : 'cr' }],
    tags: Object.fromEntries(span.tags),
    ...(span.isShared && { shared: true }),
  };
}
