import type { TracingPlan } from '@weft/core/plan/tracing-plan';
import type { ExchangeSpan, ExchangeView } from '../http/exchange-view.ts';
import type { Headers } from '../http/headers.ts';
import type { Span, SpanExporter } from './span.ts';
import { tagCustom, tagOutcome, tagRequest } from './span-tags.ts';
import { type Propagation, randomId, type TraceContext } from './trace-context.ts';

/** How the requests of a connection manager are traced. */
export interface TracedManager {
  readonly plan: TracingPlan;
  readonly propagation: Propagation;
  readonly exporter: SpanExporter;
}

const decoratorHeader = 'x-envoy-decorator-operation';

/** The span of one request, with those of its tries upstream where the configuration wants them apart. */
export class RequestSpan implements ExchangeSpan {
  #exchange: ExchangeView;
  #manager: TracedManager;
  #span: Span;
  #attempt: Span | null = null;
  /** Decorator's name that the answer to the caller carries; null for none. */
  #answeredName: string | null;

  constructor(exchange: ExchangeView, manager: TracedManager, span: Span, answeredName: string | null) {
    this.#exchange = exchange;
    this.#manager = manager;
    this.#span = span;
    this.#answeredName = answeredName;
  }

  get traceId(): string {
    return this.#span.context.traceId;
  }

  get spanId(): string {
    return this.#span.context.spanId;
  }

  beginAttempt(): void {
    if (!this.#manager.plan.spawnUpstreamSpan) return;
    const { cluster } = this.#exchange;
    const name = `router ${cluster?.plan.statName ?? ''} egress`;
    this.#attempt = {
      ...childOf(this.#span.context),
      kind: 'client',
      name,
      startedAt: now(this.#exchange),
      endedAt: 0,
      tags: new Map(),
      isShared: false,
    };
    if (this.#exchange.attemptCount > 1) this.#attempt.tags.set('retry.count', String(this.#exchange.attemptCount - 1));
  }

  inject(headers: Headers): void {
    if (!this.#manager.plan.propagates) return;
    this.#manager.propagation.inject(headers, (this.#attempt ?? this.#span).context);
  }

  /** As Envoy: copies are told of the trace even where the request itself is not. */
  injectMirror(headers: Headers, isSampled: boolean | null): void {
    const { context } = childOf(this.#span.context);
    this.#manager.propagation.inject(headers, { ...context, isSampled: isSampled ?? context.isSampled });
  }

  abandonAttempt(status: number): void {
    this.#attempt?.tags.set('canceled', 'true');
    this.#endAttempt(status);
  }

  /** Names travel back: a service tells its caller what it calls the operation, and a caller takes the name its peer told. */
  onResponse(headers: Headers): void {
    if (this.#span.kind === 'server') {
      if (this.#answeredName !== null) headers.set(decoratorHeader, this.#answeredName);
      return;
    }
    const told = headers.get(decoratorHeader);
    if (told === undefined) return;
    if (told !== '') this.#span.name = told;
    headers.remove(decoratorHeader);
  }

  end(): void {
    const exchange = this.#exchange;
    const { plan, exporter } = this.#manager;
    this.#endAttempt(exchange.responseStatus);
    const span = this.#span;
    if (!span.context.isSampled) return;
    span.endedAt = now(exchange);
    tagRequest(span.tags, exchange, plan);
    const { decision } = exchange;
    const route = decision === null || decision.kind === 'pending' ? null : (decision.route?.tracing ?? null);
    tagCustom(span.tags, exchange, plan.customTags);
    if (route !== null) tagCustom(span.tags, exchange, route.customTags);
    exporter.export(span);
  }

  #endAttempt(status: number): void {
    const attempt = this.#attempt;
    this.#attempt = null;
    if (attempt === null || !attempt.context.isSampled) return;
    const exchange = this.#exchange;
    attempt.endedAt = now(exchange);
    attempt.tags.set('http.protocol', exchange.upstreamProtocol || '-');
    if (exchange.host !== null) {
      attempt.tags.set('upstream_address', exchange.host.address);
      attempt.tags.set('peer.address', exchange.host.address);
    }
    tagOutcome(attempt.tags, exchange);
    attempt.tags.set('response_flags', attemptFlags(exchange.flags));
    if (status !== exchange.responseStatus) {
      attempt.tags.set('http.status_code', String(status));
      if (status >= 500) attempt.tags.set('error', 'true');
      else attempt.tags.delete('error');
    }
    this.#manager.exporter.export(attempt);
  }
}

/** The context of a span below another. */
export function childOf(parent: TraceContext): { context: TraceContext } {
  return { context: { ...parent, spanId: randomId(), parentId: parent.spanId } };
}

/** Of the flags of a request, those that tell of its tries. */
function attemptFlags(flags: string): string {
  const own = flags.split(',').filter((flag) => flag.startsWith('U') && flag !== 'URX' && flag !== 'UAEX');
  return own.join(',') || '-';
}

function now(exchange: ExchangeView): number {
  return exchange.startedAt + (exchange.context.now() - exchange.startedMonotonic);
}
