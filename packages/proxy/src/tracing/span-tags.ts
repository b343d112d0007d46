import type { CustomTagPlan, TracingPlan } from '@weft/core/plan/tracing-plan';
import type { ExchangeView } from '../http/exchange-view.ts';
import { evaluateFormat } from '../telemetry/format.ts';
import type { Span } from './span.ts';

type Tags = Span['tags'];

/** Envoy's tags of a finished request. */
export function tagRequest(tags: Tags, exchange: ExchangeView, plan: TracingPlan): void {
  const requestId = exchange.header('x-request-id');
  if (requestId !== undefined) tags.set('guid:x-request-id', requestId);
  const path = exchange.header('x-envoy-original-path') ?? exchange.path;
  tags.set('http.url', `${exchange.scheme}://${exchange.authority}${path.slice(0, plan.maxPathTagLength)}`);
  tags.set('http.method', exchange.method);
  tags.set('downstream_cluster', exchange.header('x-envoy-downstream-service-cluster') ?? '-');
  tags.set('user_agent', exchange.header('user-agent') ?? '-');
  tags.set('http.protocol', exchange.protocol);
  tags.set('peer.address', exchange.connection.directSource.text);
  const clientTraceId = exchange.header('x-client-trace-id');
  if (clientTraceId !== undefined) tags.set('guid:x-client-trace-id', clientTraceId);
  if (exchange.isGrpc) tagGrpcRequest(tags, exchange);
  tags.set('request_size', String(exchange.requestBytes));
  tags.set('response_size', String(exchange.responseBytes));
  tagOutcome(tags, exchange);
  tagGrpcResponse(tags, exchange);
}

/** What Envoy's tags of a request and of a try upstream have in common. */
export function tagOutcome(tags: Tags, exchange: ExchangeView): void {
  tags.set('component', 'proxy');
  const { cluster } = exchange;
  if (cluster !== null) {
    tags.set('upstream_cluster', cluster.plan.name);
    tags.set('upstream_cluster.name', cluster.plan.statName);
  }
  tags.set('http.status_code', String(exchange.responseStatus));
  tags.set('response_flags', exchange.flags || '-');
  if (exchange.responseStatus === 0 || exchange.responseStatus >= 500) tags.set('error', 'true');
}

function tagGrpcRequest(tags: Tags, exchange: ExchangeView): void {
  tags.set('grpc.path', exchange.path);
  tags.set('grpc.authority', exchange.authority);
  const contentType = exchange.header('content-type');
  if (contentType !== undefined) tags.set('grpc.content_type', contentType);
  const timeout = exchange.header('grpc-timeout');
  if (timeout !== undefined) tags.set('grpc.timeout', timeout);
}

function tagGrpcResponse(tags: Tags, exchange: ExchangeView): void {
  const { grpcStatus, responseHeaders, responseTrailers } = exchange;
  if (grpcStatus === null) return;
  const source = responseTrailers?.get('grpc-status') !== undefined ? responseTrailers : responseHeaders;
  tags.set('grpc.status_code', String(grpcStatus));
  const message = source?.get('grpc-message');
  if (message !== undefined) tags.set('grpc.message', message);
  // As Envoy: server errors of gRPC are errors of the span.
  if (serverErrors.has(grpcStatus)) tags.set('error', 'true');
}

/** Unknown, deadline exceeded, unimplemented, internal, unavailable, data loss. */
const serverErrors: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

/** Sets the tags of the configuration; a tag without a value stays out. */
export function tagCustom(tags: Tags, exchange: ExchangeView, custom: readonly CustomTagPlan[]): void {
  for (const tag of custom) {
    const value = customValue(tag, exchange);
    if (value !== '') tags.set(tag.name, value);
  }
}

function customValue(tag: CustomTagPlan, exchange: ExchangeView): string {
  switch (tag.kind) {
    case 'fixed':
      return tag.value;
    case 'environment':
      return process.env[tag.variable] ?? tag.fallback;
    case 'header':
      return exchange.header(tag.header) ?? tag.fallback;
    case 'format':
      return evaluateFormat(tag.format, exchange, '-');
    case 'metadata':
      return metadataValue(tag, exchange) ?? tag.fallback;
  }
}

function metadataValue(tag: Extract<CustomTagPlan, { kind: 'metadata' }>, exchange: ExchangeView): string | null {
  let value: unknown = metadataOf(tag.source, exchange)[tag.namespace];
  for (const key of tag.path) value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function metadataOf(source: 'request' | 'route' | 'cluster' | 'host', exchange: ExchangeView): Readonly<Record<string, unknown>> {
  const { decision, cluster, host } = exchange;
  switch (source) {
    case 'cluster':
      return cluster?.plan.metadata ?? {};
    case 'host':
      return host?.endpoint.metadata ?? {};
    case 'route':
      return decision === null || decision.kind === 'pending' ? {} : (decision.route?.metadata ?? {});
    case 'request':
      return decision === null || decision.kind === 'pending' ? {} : decision.outcome.metadata;
  }
}
