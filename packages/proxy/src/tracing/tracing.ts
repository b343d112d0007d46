import type { RoutePlan } from '@weft/core/plan/route-plan';
import type { TracingPlan } from '@weft/core/plan/tracing-plan';
import type { ExchangeTracing, ExchangeView } from '../http/exchange-view.ts';
import { evaluateFormat } from '../telemetry/format.ts';
import { childOf, RequestSpan, type TracedManager } from './request-span.ts';
import type { SpanExporters } from './span-exporters.ts';
import { b3Propagation, randomId, type TraceContext, w3cPropagation } from './trace-context.ts';
import { decideTrace } from './trace-decision.ts';

const decoratorHeader = 'x-envoy-decorator-operation';

/** Begins the spans of requests as the connection manager's tracing says. */
export class Tracing implements ExchangeTracing {
  #exporters: SpanExporters;
  #nodeId: string;
  #zone: string;
  #managers: WeakMap<TracingPlan, TracedManager | null> = new WeakMap();

  constructor(exporters: SpanExporters, node: { readonly id: string; readonly zone: string }) {
    this.#exporters = exporters;
    this.#nodeId = node.id;
    this.#zone = node.zone;
  }

  begin(exchange: ExchangeView): void {
    const plan = exchange.origin.manager.tracing;
    if (plan === null) return;
    const { decision } = exchange;
    const route = decision === null || decision.kind === 'pending' ? null : decision.route;
    const reason = decideTrace(exchange, plan, route?.tracing ?? null);
    exchange.context.statsOf(exchange.origin.manager).count(`tracing.${eventOf[reason ?? 'none']}`);
    const manager = this.#managerOf(plan);
    if (manager === null) return;
    const isEgress = exchange.origin.direction === 'OUTBOUND';
    const identity = this.#identify(exchange, manager, reason !== null, isEgress);
    if (identity === null) return;
    const { name, answered } = operationOf(exchange, route, isEgress);
    const kind = spanKind(plan, isEgress);
    const tags = new Map([
      ['node_id', this.#nodeId],
      ['zone', this.#zone],
    ]);
    const started = { kind, startedAt: exchange.startedAt, endedAt: 0, tags } as const;
    const span = { ...started, ...identity, name: name ?? defaultName(exchange, plan, isEgress) };
    exchange.span = new RequestSpan(exchange, manager, span, answered);
  }

  close(): void {
    this.#exporters.close();
  }

  /** The span's place in its trace; null when what the caller sent cannot be read. */
  #identify(
    exchange: ExchangeView,
    { plan, propagation }: TracedManager,
    wantsSampling: boolean,
    isEgress: boolean,
  ): { context: TraceContext; isShared: boolean } | null {
    const { headers } = exchange.head;
    const { provider } = plan;
    const shares = provider?.kind === 'zipkin' && provider.sharedSpanContext && !isEgress;
    const known = propagation.extract(headers, wantsSampling);
    if (known === 'broken') return null;
    if (known !== 'none') return shares ? { context: known, isShared: true } : { ...childOf(known), isShared: false };
    const spanId = randomId();
    const isShort = provider?.kind === 'zipkin' && !provider.traceId128;
    const traceId = isShort ? spanId : randomId() + (provider?.kind === 'zipkin' ? spanId : randomId());
    const isSampled = propagation.samples(headers, wantsSampling);
    return { context: { traceId, spanId, parentId: '', isSampled, state: '' }, isShared: shares };
  }

  #managerOf(plan: TracingPlan): TracedManager | null {
    const known = this.#managers.get(plan);
    if (known !== undefined) return known;
    const { provider } = plan;
    let manager: TracedManager | null = null;
    if (provider !== null && provider.kind !== 'unsupported') {
      const propagation = provider.kind === 'zipkin' ? b3Propagation(provider.w3c) : w3cPropagation;
      manager = { plan, propagation, exporter: this.#exporters.of(provider) };
    }
    this.#managers.set(plan, manager);
    return manager;
  }
}

/** How Envoy calls the reasons where it counts them. */
const eventOf = { client: 'client_enabled', none: 'not_traceable', sampling: 'random_sampling', service: 'service_forced' } as const;

/** A proxy that makes spans of its own for tries upstream is a hop itself; else it speaks for the side it stands on. */
function spanKind(plan: TracingPlan, isEgress: boolean): 'server' | 'client' {
  return isEgress && !plan.spawnUpstreamSpan ? 'client' : 'server';
}

function defaultName(exchange: ExchangeView, plan: TracingPlan, isEgress: boolean): string {
  if (plan.provider?.kind === 'zipkin') return exchange.authority;
  return isEgress ? `egress ${exchange.authority}` : 'ingress';
}

/** The route's decorator names the operation. Callers tell that name to the service, which answers with its own unless it was told one. */
function operationOf(
  exchange: ExchangeView,
  route: RoutePlan | null,
  isEgress: boolean,
): { readonly name: string | null; readonly answered: string | null } {
  const { headers } = exchange.head;
  const decorator = route?.decorator ?? null;
  const name = decorator === null ? null : evaluateFormat(decorator.operation, exchange) || null;
  const propagated = decorator?.propagate === true ? name : null;
  if (isEgress) {
    if (propagated !== null) headers.set(decoratorHeader, propagated);
    return { name, answered: null };
  }
  const told = headers.get(decoratorHeader);
  if (told === undefined) return { name, answered: propagated };
  headers.remove(decoratorHeader);
  return told === '' ? { name, answered: propagated } : { name: told, answered: null };
}
