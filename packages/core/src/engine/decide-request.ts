import { headerHolds, metadataHolds } from '../plan/build-matcher.ts';
import type { RequestFacts } from '../plan/facts.ts';
import type { FilterChainPlan } from '../plan/filter-chain-plan.ts';
import type { FilterListPlan, HttpConnectionManagerPlan } from '../plan/http-connection-plan.ts';
import type { FaultPlan, FilterConfigPlan, HttpFilterPlan, JwtAuthnPlan, JwtRequirementPlan } from '../plan/http-filter-plan.ts';
import type { Fraction } from '../plan/matcher.ts';
import type { Plan } from '../plan/plan.ts';
import type { DynamicMetadata, RbacPlan } from '../plan/rbac-plan.ts';
import type { RoutePlan, RouteTable, VirtualHostPlan, WeightedClusterPlan } from '../plan/route-plan.ts';
import { judgeRules, judgeShadow, type Subject, traceRules } from './authorize.ts';
import { judgeCors } from './cors.ts';
import type {
  CorsDecision,
  DecisionState,
  FaultDecision,
  FilterOutcome,
  ForwardDecision,
  LocalReplyDecision,
  PendingDecision,
  PendingNeed,
  RequestDecision,
  Resume,
  ShadowVerdict,
  Trace,
} from './decision.ts';
import { drawWeighted } from './draw-cluster.ts';
import { faultOf } from './fault-decision.ts';
import { requestMutations, responseMutations } from './filter-mutations.ts';
import { findRoute, findVirtualHost, traceRoutes } from './find-route.ts';
import { invalidEnvoyHeader } from './invalid-envoy-header.ts';
import { matchesRoute } from './match-route.ts';
import { descriptorsFrom, descriptorsOf } from './rate-limit-descriptors.ts';
import { RequestOverlay } from './request-overlay.ts';
import { retryPolicyOf } from './retry-policy.ts';
import { redirectLocation, rewriteAuthority, rewritePath } from './rewrite.ts';
import { timeoutsOf } from './timeouts.ts';
import { upgradeFilters } from './upgrade-filters.ts';

const noOutcome: FilterOutcome = {
  headerChanges: [],
  metadata: {},
  shadows: [],
  responseHeaders: [],
  rbacPolicy: '',
  requestPrincipal: '',
};
const noLayers: LocalReplyDecision['responseHeaders'] = [];

/**
 * Decides what happens to a request on a chain with an HTTP connection manager: runs its filters in their order, then the route's action.
 * The route table is looked up in the plan given, so that a request on an old connection follows the newest routes. `draw` (0 … 999,999)
 * decides about routes that take a fraction of requests; null where no chance is to be played.
 */
export function decideRequest(
  plan: Plan,
  chain: FilterChainPlan,
  facts: RequestFacts,
  trace: Trace | null,
  resume: Resume | null,
  draw: number | null = null,
): RequestDecision {
  const { http } = chain;
  if (!http) throw new Error(`filter chain '${chain.name}' has no HTTP connection manager`);
  const table = http.routes.kind === 'inline' ? http.routes.table : plan.routeTableByName.get(http.routes.name);
  return new Decision(http, table ?? null, facts, { trace, resume, draw }).run();
}

interface Options {
  readonly trace: Trace | null;
  readonly resume: Resume | null;
  readonly draw: number | null;
}

/** One decision in progress. */
class Decision {
  readonly #http: HttpConnectionManagerPlan;
  /** The filters that the request passes: those of its upgrade, if there are such. */
  #list: FilterListPlan;
  readonly #table: RouteTable | null;
  readonly #original: RequestFacts;
  readonly #trace: Trace | null;
  readonly #resume: Resume | null;
  readonly #draw: number | null;
  #facts: RequestFacts;
  #outcome: FilterOutcome = noOutcome;
  #metadata: DynamicMetadata | null = null;
  #host: VirtualHostPlan | null = null;
  #route: RoutePlan | null = null;
  /** The cluster of a split, where clusters configure filters: it is drawn before those run. */
  #weighted: WeightedClusterPlan | null = null;
  #fault: FaultDecision | null = null;
  #cors: CorsDecision | null = null;

  constructor(http: HttpConnectionManagerPlan, table: RouteTable | null, facts: RequestFacts, options: Options) {
    this.#http = http;
    this.#list = http;
    this.#table = table;
    this.#original = facts;
    this.#facts = facts;
    this.#trace = options.trace;
    this.#resume = options.resume;
    this.#draw = options.resume ? options.resume.state.draw : options.draw;
    this.#metadata = facts.connection.metadata;
  }

  run(): RequestDecision {
    const resume = this.#resume;
    if (resume) this.#restore(resume.state);
    else this.#selectRoute(this.#trace);
    if (this.#facts.upgrade !== null) {
      const filters = upgradeFilters(this.#http, this.#route, this.#facts.upgrade);
      const isLost = this.#route === null && this.#facts.upgrade === 'CONNECT';
      if (filters === null && !isLost) return this.#reply({ status: 403, body: '', details: 'upgrade_failed', reason: 'upgrade' });
      this.#list = filters ?? this.#http;
    }
    let from = 0;
    if (resume) {
      from = resume.filterIndex + 1;
      const denied = this.#apply(resume);
      if (denied) return denied;
    }
    const { filters } = this.#list;
    for (let i = from; i < filters.length; i++) {
      const filter = filters[i];
      if (!filter) continue;
      const stop = this.#runFilter(filter, i);
      if (stop) return stop;
    }
    return this.#finish();
  }

  #selectRoute(trace: Trace | null): void {
    this.#host = this.#table ? findVirtualHost(this.#table, this.#facts.authority) : null;
    this.#route = this.#host && !this.#needsTls(this.#host) ? findRoute(this.#host, this.#facts, this.#metadata, this.#draw) : null;
    const action = this.#route?.action;
    this.#weighted = action?.kind === 'forward' && action.hasClusterConfigs ? drawWeighted(action, this.#facts, this.#draw ?? 0) : null;
    if (trace) this.#traceRoute(trace);
  }

  #traceRoute(trace: Trace): void {
    const host = this.#host;
    const why = host ? `${this.#facts.authority} is one of its domains` : `no virtual host for ${this.#facts.authority}`;
    const resource = host?.source.resource ?? null;
    trace.steps.push({
      stage: 'virtualHost',
      name: host?.name ?? '',
      resource,
      field: host?.source.path ?? null,
      matched: host !== null,
      why,
    });
    if (host && this.#needsTls(host)) {
      const redirect = 'the virtual host asks for https';
      trace.steps.push({ stage: 'virtualHost', name: host.name, resource, field: host.source.path, matched: true, why: redirect });
    } else if (host) traceRoutes(trace, host, this.#facts, this.#metadata, this.#route);
  }

  /** What the most specific of cluster, route, virtual host and table say of filters; null without a route. */
  get #configs(): RoutePlan['filterConfigs'] | null {
    return this.#weighted?.filterConfigs ?? this.#route?.filterConfigs ?? null;
  }

  #runFilter(filter: HttpFilterPlan, index: number): RequestDecision | null {
    const override = this.#configs?.get(filter.name);
    if (override?.kind === 'disabled' || (filter.disabled && override === undefined)) return null;
    const { config } = filter;
    switch (config.kind) {
      case 'rbac':
        return this.#runRbac(filter.name, override?.kind === 'rbac' ? override.rbac : config.rbac);
      case 'jwtAuthn':
        return this.#runJwt(config, override, index);
      case 'extAuthz':
        return this.#runExtAuthz(config, override, index);
      case 'headerMutation':
        this.#changeHeaders(requestMutations(config, override, this.#facts, this.#metadata));
        return null;
      case 'fault':
        this.#runFault(override?.kind === 'fault' ? override.fault : config.fault);
        return null;
      case 'cors':
        return this.#runCors(override);
      case 'localRateLimit':
        return this.#runLocalRateLimit(override?.kind === 'localRateLimit' ? override : config, filter.name, index);
      case 'buffer': {
        const { maxBytes } = override?.kind === 'buffer' ? override : config;
        return this.#facts.contentLength === 0 ? null : this.#pend({ kind: 'body', maxBytes }, index);
      }
      case 'rateLimit':
        return this.#runRateLimit(config, override, index);
      default:
        return null;
    }
  }

  #runRbac(filter: string, rbac: RbacPlan | null): RequestDecision | null {
    if (!rbac) return null;
    const connection = this.#facts.connection;
    if (rbac.shadowRules) {
      const shadow = judgeShadow(rbac, filter, this.#subject(), this.#trace);
      if (shadow) this.#addShadow(rbac, shadow);
    }
    if (!rbac.rules) return null;
    const verdict = judgeRules(rbac.rules, connection, this.#facts, this.#metadata);
    if (this.#trace) traceRules(this.#trace, 'rbac', rbac.rules, this.#subject(), verdict);
    if (verdict.policy !== '') this.#outcome = { ...this.#outcome, rbacPolicy: verdict.policy };
    if (verdict.allowed) return null;
    const details = `rbac_access_denied_matched_policy[${verdict.policy === '' ? 'none' : verdict.policy.replaceAll(' ', '_')}]`;
    return this.#reply({ status: 403, body: 'RBAC: access denied', details, reason: 'rbac' });
  }

  /** Shadow verdicts become dynamic metadata, where Istio's CUSTOM action has ext_authz look for them. */
  #addShadow(rbac: RbacPlan, shadow: ShadowVerdict): void {
    const prefix = rbac.shadowRulesStatPrefix;
    const before = this.#metadata?.['envoy.filters.http.rbac'] ?? {};
    const written = {
      ...before,
      [`${prefix}shadow_effective_policy_id`]: shadow.policy,
      [`${prefix}shadow_engine_result`]: shadow.verdict,
    };
    this.#addMetadata({ 'envoy.filters.http.rbac': written });
    this.#outcome = { ...this.#outcome, shadows: [...this.#outcome.shadows, shadow] };
  }

  #runJwt(
    config: Extract<FilterConfigPlan, { kind: 'jwtAuthn' }>,
    override: FilterConfigPlan | undefined,
    index: number,
  ): RequestDecision | null {
    const { jwt } = config;
    if (override?.kind === 'jwtAuthnRoute') {
      if (override.disabled) return null;
      if (!jwt.requirementByName.has(override.requirementName)) return this.#unknownRequirement(jwt, override.requirementName);
    }
    const facts = this.#facts;
    if (jwt.bypassCorsPreflight && facts.method === 'OPTIONS' && facts.header('origin') && facts.header('access-control-request-method'))
      return null;
    const requirement = this.#jwtRequirement(config, override);
    if (!requirement || requirement.kind === 'none') return null;
    return this.#pend({ kind: 'jwt', jwt, requirement }, index);
  }

  /** A route that names a requirement which the filter does not have lets nobody pass, as Envoy does. */
  #unknownRequirement({ requirementByName }: JwtAuthnPlan, name: string): LocalReplyDecision {
    const problem = `Wrong requirement_name: ${name}. It should be one of [${[...requirementByName.keys()].sort().join(',')}]`;
    const details = `jwt_authn_access_denied{${problem.replaceAll(' ', '_')}}`;
    return this.#reply({ status: 403, body: `Failed JWT authentication: ${problem}`, details, reason: 'jwt' });
  }

  #jwtRequirement(
    { jwt }: Extract<FilterConfigPlan, { kind: 'jwtAuthn' }>,
    override: FilterConfigPlan | undefined,
  ): JwtRequirementPlan | null {
    if (override?.kind === 'jwtAuthnRoute') return jwt.requirementByName.get(override.requirementName) ?? null;
    for (const rule of jwt.rules) if (matchesRoute(rule.match, this.#facts, this.#metadata)) return rule.requirement;
    return null;
  }

  #runExtAuthz(
    config: Extract<FilterConfigPlan, { kind: 'extAuthz' }>,
    override: FilterConfigPlan | undefined,
    index: number,
  ): RequestDecision | null {
    const { extAuthz } = config;
    if (override?.kind === 'extAuthzRoute' && override.disabled) return null;
    const isMarked = extAuthz.enabledMetadata === null || metadataHolds(extAuthz.enabledMetadata, this.#metadata);
    if (!isMarked || !this.#isDrawn(extAuthz.enabled)) {
      if (!extAuthz.denyAtDisable) return null;
      return this.#reply({ status: extAuthz.statusOnError, body: '', details: 'ext_authz_error', reason: 'extAuthz', flag: 'UAEX' });
    }
    const route = override?.kind === 'extAuthzRoute' ? override : null;
    const sendBody = extAuthz.withRequestBody !== null && !(route?.disableRequestBodyBuffering ?? false);
    return this.#pend({ kind: 'extAuthz', extAuthz, contextExtensions: route?.contextExtensions ?? {}, sendBody }, index);
  }

  /** Whether the request is of a filter's share. Its own number is stirred: the route that it took says nothing of that. */
  #isDrawn(share: Fraction | null): boolean {
    if (share === null || share.perMillion >= 1_000_000) return true;
    if (share.perMillion === 0) return false;
    const stirred = Math.imul((this.#draw ?? 499_999) ^ 0x2545f491, 0x9e3779b1) >>> 0;
    return stirred % 1_000_000 < share.perMillion;
  }

  #runFault(fault: FaultPlan): void {
    if (!fault.headers.every((header) => headerHolds(header, this.#facts))) return;
    const clusters = this.#route?.action.kind === 'forward' ? this.#route.action.clusters : [];
    if (fault.upstreamCluster !== '' && !clusters.some((cluster) => cluster.name === fault.upstreamCluster)) return;
    this.#fault = faultOf(fault, this.#facts);
  }

  #runCors(override: FilterConfigPlan | undefined): RequestDecision | null {
    const cors = override?.kind === 'cors' ? override.cors : null;
    if (!cors) return null;
    const verdict = judgeCors(cors, this.#facts);
    if (verdict.kind === 'mark') this.#cors = verdict.decision;
    if (verdict.kind !== 'preflight') return null;
    return this.#reply({ status: 200, body: '', details: 'cors_response', reason: 'cors', headers: verdict.headers });
  }

  #runLocalRateLimit(
    { limit }: Extract<FilterConfigPlan, { kind: 'localRateLimit' }>,
    filterName: string,
    index: number,
  ): RequestDecision | null {
    if (!limit.enabled || limit.enabled.perMillion === 0) return null;
    const source = this.#route && this.#host ? this.#descriptorSource(this.#route, this.#host) : null;
    const own = limit.rateLimits.length > 0;
    const descriptors =
      source === null ? [] : own ? descriptorsFrom(limit.rateLimits, source) : descriptorsOf(source, limit.stage, 'OVERRIDE');
    return this.#pend({ kind: 'localRateLimit', limit, descriptors, filterName, scope: limit }, index);
  }

  #runRateLimit(
    { limit }: Extract<FilterConfigPlan, { kind: 'rateLimit' }>,
    override: FilterConfigPlan | undefined,
    index: number,
  ): RequestDecision | null {
    if (!this.#route || !this.#host) return null;
    if (limit.requestType !== 'both' && (limit.requestType === 'internal') !== this.#facts.isInternal) return null;
    const option = override?.kind === 'rateLimitRoute' ? override : null;
    const descriptors = descriptorsOf(
      this.#descriptorSource(this.#route, this.#host),
      limit.stage,
      option?.includeVirtualHost ?? 'OVERRIDE',
    );
    if (descriptors.length === 0) return null;
    return this.#pend({ kind: 'rateLimit', limit, domain: option?.domain || limit.domain, descriptors }, index);
  }

  #finish(): RequestDecision {
    if (!this.#host) return this.#reply({ status: 404, body: '', details: 'route_not_found', reason: 'noVirtualHost', flag: 'NR' });
    if (this.#needsTls(this.#host)) return this.#tlsRedirect();
    const route = this.#route;
    if (!route) return this.#reply({ status: 404, body: '', details: 'route_not_found', reason: 'noRoute', flag: 'NR' });
    switch (route.action.kind) {
      case 'forward':
        return this.#forward(route, this.#host, route.action);
      case 'redirect': {
        const location = redirectLocation(route, route.action, this.#facts);
        return this.#reply({
          status: route.action.status,
          body: '',
          details: 'direct_response',
          reason: 'redirect',
          headers: [['location', location]],
        });
      }
      case 'direct':
        return this.#reply({
          status: route.action.status,
          body: '',
          bytes: route.action.body,
          details: 'direct_response',
          reason: 'direct',
        });
      default:
        return this.#reply({ status: 500, body: '', details: 'unsupported_route_action', reason: 'unsupported' });
    }
  }

  #forward(route: RoutePlan, virtualHost: VirtualHostPlan, action: ForwardDecision['action']): RequestDecision {
    const facts = this.#facts;
    const invalid = this.#invalidHeader();
    if (invalid) return invalid;
    const retry = retryPolicyOf(action.retry, facts);
    return {
      kind: 'forward',
      table: this.#table as RouteTable,
      virtualHost,
      route,
      action,
      weighted: this.#weighted,
      path: rewritePath(route, action, facts.path),
      authority: rewriteAuthority(action, facts),
      timeouts: timeoutsOf(action, facts, this.#http, retry),
      retry,
      fault: this.#fault,
      cors: this.#cors,
      requestHeaders: route.requestHeaders,
      responseHeaders: this.#responseHeaders(route),
      outcome: this.#outcome,
    };
  }

  /** `strict_check_headers` of the router filter. */
  #invalidHeader(): RequestDecision | null {
    const found = invalidEnvoyHeader(this.#http, this.#facts);
    if (found === null) return null;
    const body = `invalid header '${found.name}' with value '${found.value}'`;
    return this.#reply({ status: 400, body, details: `request_headers_failed_strict_check{${found.name}}`, reason: 'header', flag: 'IH' });
  }

  /** In place of its routes such a host has one redirect to https. */
  #needsTls(host: VirtualHostPlan): boolean {
    if (host.requireTls === 'NONE' || this.#facts.scheme === 'https') return false;
    return host.requireTls === 'ALL' || !this.#facts.isInternal;
  }

  #tlsRedirect(): RequestDecision {
    const location = `https://${this.#facts.authority}${this.#facts.path}`;
    return this.#reply({ status: 301, body: '', details: 'direct_response', reason: 'tlsRedirect', headers: [['location', location]] });
  }

  #pend(need: PendingNeed, filterIndex: number): PendingDecision {
    const state: DecisionState = {
      outcome: this.#outcome,
      route: this.#route,
      virtualHost: this.#host,
      fault: this.#fault,
      cors: this.#cors,
      weighted: this.#weighted,
      draw: this.#draw,
      filterConfigs: this.#configs,
    };
    return { kind: 'pending', filterIndex, need, state };
  }

  #restore(state: DecisionState): void {
    this.#outcome = state.outcome;
    this.#route = state.route;
    this.#weighted = state.weighted;
    this.#host = state.virtualHost;
    this.#fault = state.fault;
    this.#cors = state.cors;
    this.#metadata = { ...this.#original.connection.metadata, ...state.outcome.metadata };
    if (state.outcome.headerChanges.length > 0) this.#facts = new RequestOverlay(this.#original, state.outcome.headerChanges);
  }

  #apply({ result }: Resume): RequestDecision | null {
    if (result.kind === 'deny') {
      const { status, body, headers, flag, details, grpcStatus } = result;
      return this.#reply({
        status,
        body,
        headers,
        flag,
        details,
        grpcStatus,
        reason: details.startsWith('jwt') ? 'jwt' : details.startsWith('ext_authz') ? 'extAuthz' : 'rateLimit',
      });
    }
    this.#addMetadata(result.metadata);
    this.#outcome = {
      ...this.#outcome,
      responseHeaders: [...this.#outcome.responseHeaders, ...result.responseHeaders],
      requestPrincipal: result.requestPrincipal || this.#outcome.requestPrincipal,
    };
    this.#changeHeaders(result.headerChanges);
    if (result.clearRoute) this.#selectRoute(this.#trace);
    return null;
  }

  #changeHeaders(changes: FilterOutcome['headerChanges']): void {
    if (changes.length === 0) return;
    const headerChanges = [...this.#outcome.headerChanges, ...changes];
    this.#outcome = { ...this.#outcome, headerChanges };
    this.#facts = new RequestOverlay(this.#original, headerChanges);
  }

  /** Header changes of the route's levels, then of filters, which a response passes later. */
  #responseHeaders(route: RoutePlan | null): LocalReplyDecision['responseHeaders'] {
    const levels = route?.responseHeaders ?? noLayers;
    return this.#list.responseMutators.length === 0 ? levels : [...levels, ...responseMutations(this.#list, this.#configs)];
  }

  #addMetadata(written: DynamicMetadata): void {
    if (Object.keys(written).length === 0) return;
    const metadata = { ...this.#outcome.metadata, ...written };
    this.#outcome = { ...this.#outcome, metadata };
    this.#metadata = { ...this.#original.connection.metadata, ...metadata };
  }

  #subject(): Subject {
    return { connection: this.#facts.connection, request: this.#facts, metadata: this.#metadata };
  }

  #descriptorSource(route: RoutePlan, virtualHost: VirtualHostPlan) {
    return { facts: this.#facts, metadata: this.#metadata, route, virtualHost };
  }

  #reply(answer: Answer): LocalReplyDecision {
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
      virtualHost: this.#host,
      route: this.#route,
      table: this.#table,
      responseHeaders: this.#responseHeaders(this.#route),
      fault: this.#fault,
      cors: this.#cors,
      outcome: this.#outcome,
    };
  }
}

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
