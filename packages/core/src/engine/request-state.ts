import type { RequestFacts } from '../plan/facts.ts';
import type { FilterListPlan, HttpConnectionManagerPlan } from '../plan/http-connection-plan.ts';
import type { Fraction } from '../plan/matcher.ts';
import type { DynamicMetadata, RbacPlan } from '../plan/rbac-plan.ts';
import type { RoutePlan, RouteTable, VirtualHostPlan, WeightedClusterPlan } from '../plan/route-plan.ts';
import type { Subject } from './authorize.ts';
import type {
  CorsDecision,
  DecisionState,
  FaultDecision,
  FilterOutcome,
  LocalReplyDecision,
  PendingDecision,
  PendingNeed,
  Resume,
  ShadowVerdict,
  Trace,
} from './decision.ts';
import { drawWeighted } from './draw-cluster.ts';
import { responseMutations } from './filter-mutations.ts';
import { findRoute, findVirtualHost, traceRoutes } from './find-route.ts';
import { RequestOverlay } from './request-overlay.ts';

const noOutcome: FilterOutcome = {
  headerChanges: [],
  metadata: {},
  shadows: [],
  responseHeaders: [],
  rbacPolicy: '',
  rbacAllowed: 0,
  requestPrincipal: '',
};
const noLayers: LocalReplyDecision['responseHeaders'] = [];

export interface RequestOptions {
  readonly trace: Trace | null;
  readonly resume: Resume | null;
  readonly draw: number | null;
}

/** What is known of a request while it is decided about: the request as filters have changed it, its route, and what they have found. */
export class RequestState {
  readonly http: HttpConnectionManagerPlan;
  /** The filters that the request passes: those of its upgrade, if there are such. */
  list: FilterListPlan;
  readonly table: RouteTable | null;
  readonly trace: Trace | null;
  facts: RequestFacts;
  outcome: FilterOutcome = noOutcome;
  metadata: DynamicMetadata | null;
  host: VirtualHostPlan | null = null;
  route: RoutePlan | null = null;
  /** The cluster of a split, where clusters configure filters: it is drawn before those run. */
  weighted: WeightedClusterPlan | null = null;
  fault: FaultDecision | null = null;
  cors: CorsDecision | null = null;
  readonly #original: RequestFacts;
  readonly #draw: number | null;

  constructor(http: HttpConnectionManagerPlan, table: RouteTable | null, facts: RequestFacts, options: RequestOptions) {
    this.http = http;
    this.list = http;
    this.table = table;
    this.#original = facts;
    this.facts = facts;
    this.trace = options.trace;
    this.#draw = options.resume ? options.resume.state.draw : options.draw;
    this.metadata = facts.connection.metadata;
  }

  /** Looks up the route, for the first time or again. */
  selectRoute(): void {
    this.host = this.table ? findVirtualHost(this.table, this.facts.authority) : null;
    this.route = this.host && !this.needsTls(this.host) ? findRoute(this.host, this.facts, this.metadata, this.#draw) : null;
    const action = this.route?.action;
    this.weighted = action?.kind === 'forward' && action.hasClusterConfigs ? drawWeighted(action, this.facts, this.#draw ?? 0) : null;
    if (this.trace) this.#traceRoute(this.trace);
  }

  #traceRoute(trace: Trace): void {
    const host = this.host;
    const why = host ? `${this.facts.authority} is one of its domains` : `no virtual host for ${this.facts.authority}`;
    const resource = host?.source.resource ?? null;
    trace.steps.push({
      stage: 'virtualHost',
      name: host?.name ?? '',
      resource,
      field: host?.source.path ?? null,
      matched: host !== null,
      why,
    });
    if (host && this.needsTls(host)) {
      const redirect = 'the virtual host asks for https';
      trace.steps.push({ stage: 'virtualHost', name: host.name, resource, field: host.source.path, matched: true, why: redirect });
    } else if (host) traceRoutes(trace, host, this.facts, this.metadata, this.route);
  }

  /** What the most specific of cluster, route, virtual host and table say of filters; null without a route. */
  get configs(): RoutePlan['filterConfigs'] | null {
    return this.weighted?.filterConfigs ?? this.route?.filterConfigs ?? null;
  }

  /** Shadow verdicts become dynamic metadata, where Istio's CUSTOM action has ext_authz look for them. */
  addShadow(rbac: RbacPlan, shadow: ShadowVerdict): void {
    const prefix = rbac.shadowRulesStatPrefix;
    const before = this.metadata?.['envoy.filters.http.rbac'] ?? {};
    const written = {
      ...before,
      [`${prefix}shadow_effective_policy_id`]: shadow.policy,
      [`${prefix}shadow_engine_result`]: shadow.verdict,
    };
    this.addMetadata({ 'envoy.filters.http.rbac': written });
    this.outcome = { ...this.outcome, shadows: [...this.outcome.shadows, shadow] };
  }

  /** In place of its routes such a host has one redirect to https. */
  needsTls(host: VirtualHostPlan): boolean {
    if (host.requireTls === 'NONE' || this.facts.scheme === 'https') return false;
    return host.requireTls === 'ALL' || !this.facts.isInternal;
  }

  /** Whether the request is of a filter's share. Its own number is stirred: the route that it took says nothing of that. */
  isDrawn(share: Fraction | null): boolean {
    if (share === null || share.perMillion >= 1_000_000) return true;
    if (share.perMillion === 0) return false;
    const stirred = Math.imul((this.#draw ?? 499_999) ^ 0x2545f491, 0x9e3779b1) >>> 0;
    return stirred % 1_000_000 < share.perMillion;
  }

  /** What the caller must find out before the filters after this one run. */
  pend(need: PendingNeed, filterIndex: number): PendingDecision {
    const state: DecisionState = {
      outcome: this.outcome,
      route: this.route,
      virtualHost: this.host,
      fault: this.fault,
      cors: this.cors,
      weighted: this.weighted,
      draw: this.#draw,
      filterConfigs: this.configs,
    };
    return { kind: 'pending', filterIndex, need, state };
  }

  /** Goes on from where the decision was left. */
  restore(state: DecisionState): void {
    this.outcome = state.outcome;
    this.route = state.route;
    this.weighted = state.weighted;
    this.host = state.virtualHost;
    this.fault = state.fault;
    this.cors = state.cors;
    this.metadata = { ...this.#original.connection.metadata, ...state.outcome.metadata };
    if (state.outcome.headerChanges.length > 0) this.facts = new RequestOverlay(this.#original, state.outcome.headerChanges);
  }

  /** From now on filters and route see the changed headers. */
  changeHeaders(changes: FilterOutcome['headerChanges']): void {
    if (changes.length === 0) return;
    const headerChanges = [...this.outcome.headerChanges, ...changes];
    this.outcome = { ...this.outcome, headerChanges };
    this.facts = new RequestOverlay(this.#original, headerChanges);
  }

  /** Header changes of the route's levels, then of filters, which a response passes later. */
  responseHeaders(route: RoutePlan | null): LocalReplyDecision['responseHeaders'] {
    const levels = route?.responseHeaders ?? noLayers;
    return this.list.responseMutators.length === 0 ? levels : [...levels, ...responseMutations(this.list, this.configs)];
  }

  addMetadata(written: DynamicMetadata): void {
    if (Object.keys(written).length === 0) return;
    const metadata = { ...this.outcome.metadata, ...written };
    this.outcome = { ...this.outcome, metadata };
    this.metadata = { ...this.#original.connection.metadata, ...metadata };
  }

  subject(): Subject {
    return { connection: this.facts.connection, request: this.facts, metadata: this.metadata };
  }

  descriptorSource(route: RoutePlan, virtualHost: VirtualHostPlan) {
    return { facts: this.facts, metadata: this.metadata, route, virtualHost };
  }

  /** Answers in place of any host. */
  reply(answer: Answer): LocalReplyDecision {
    return {
      kind: 'localReply',
      status: answer.status,
      body: answer.body,
      bytes: answer.bytes ?? null,
      headers: answer.headers ?? [],
      flag: answer.flag ?? '',
      details: answer.details,
      grpcStatus: answer.grpcStatus ?? null,
      reason: answer.reason,
      virtualHost: this.host,
      route: this.route,
      table: this.table,
      responseHeaders: this.responseHeaders(this.route),
      fault: this.fault,
      cors: this.cors,
      outcome: this.outcome,
    };
  }
}

/** An answer that the proxy gives itself. */
interface Answer {
  readonly status: number;
  readonly body: string;
  readonly details: string;
  readonly reason: LocalReplyDecision['reason'];
  readonly bytes?: Uint8Array;
  readonly headers?: LocalReplyDecision['headers'];
  readonly flag?: string;
  readonly grpcStatus?: number | null;
}
