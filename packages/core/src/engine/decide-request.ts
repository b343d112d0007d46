import type { RequestFacts } from '../plan/facts.ts';
import type { FilterChainPlan } from '../plan/filter-chain-plan.ts';
import type { Plan } from '../plan/plan.ts';
import type { RoutePlan, RouteTable, VirtualHostPlan } from '../plan/route-plan.ts';
import type { ForwardDecision, RequestDecision, Resume, Trace } from './decision.ts';
import { invalidEnvoyHeader } from './invalid-envoy-header.ts';
import { RequestState } from './request-state.ts';
import { retryPolicyOf } from './retry-policy.ts';
import { redirectLocation, rewriteAuthority, rewritePath } from './rewrite.ts';
import { runFilter } from './run-filter.ts';
import { timeoutsOf } from './timeouts.ts';
import { upgradeFilters } from './upgrade-filters.ts';

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
  return decide(new RequestState(http, table ?? null, facts, { trace, resume, draw }), resume);
}

function decide(state: RequestState, resume: Resume | null): RequestDecision {
  if (resume) state.restore(resume.state);
  else state.selectRoute();
  if (state.facts.upgrade !== null) {
    const filters = upgradeFilters(state.http, state.route, state.facts.upgrade);
    const isLost = state.route === null && state.facts.upgrade === 'CONNECT';
    if (filters === null && !isLost) return state.reply({ status: 403, body: '', details: 'upgrade_failed', reason: 'upgrade' });
    state.list = filters ?? state.http;
  }
  let from = 0;
  if (resume) {
    from = resume.filterIndex + 1;
    const denied = apply(state, resume);
    if (denied) return denied;
  }
  const { filters } = state.list;
  for (let i = from; i < filters.length; i++) {
    const filter = filters[i];
    if (!filter) continue;
    const stop = runFilter(state, filter, i);
    if (stop) return stop;
  }
  return finish(state);
}

function apply(state: RequestState, { result }: Resume): RequestDecision | null {
  if (result.kind === 'deny') {
    const { status, body, headers, flag, details, grpcStatus } = result;
    return state.reply({
      status,
      body,
      headers,
      flag,
      details,
      grpcStatus,
      reason: details.startsWith('jwt') ? 'jwt' : details.startsWith('ext_authz') ? 'extAuthz' : 'rateLimit',
    });
  }
  state.addMetadata(result.metadata);
  state.outcome = {
    ...state.outcome,
    responseHeaders: [...state.outcome.responseHeaders, ...result.responseHeaders],
    requestPrincipal: result.requestPrincipal || state.outcome.requestPrincipal,
  };
  state.changeHeaders(result.headerChanges);
  if (result.clearRoute) state.selectRoute();
  return null;
}

function finish(state: RequestState): RequestDecision {
  if (!state.host) return state.reply({ status: 404, body: '', details: 'route_not_found', reason: 'noVirtualHost', flag: 'NR' });
  if (state.needsTls(state.host)) return tlsRedirect(state);
  const route = state.route;
  if (!route) return state.reply({ status: 404, body: '', details: 'route_not_found', reason: 'noRoute', flag: 'NR' });
  switch (route.action.kind) {
    case 'forward':
      return forward(state, route, state.host, route.action);
    case 'redirect': {
      const location = redirectLocation(route, route.action, state.facts);
      return state.reply({
        status: route.action.status,
        body: '',
        details: 'direct_response',
        reason: 'redirect',
        headers: [['location', location]],
      });
    }
    case 'direct':
      return state.reply({
        status: route.action.status,
        body: '',
        bytes: route.action.body,
        details: 'direct_response',
        reason: 'direct',
      });
    default:
      return state.reply({ status: 500, body: '', details: 'unsupported_route_action', reason: 'unsupported' });
  }
}

function forward(state: RequestState, route: RoutePlan, virtualHost: VirtualHostPlan, action: ForwardDecision['action']): RequestDecision {
  const facts = state.facts;
  const invalid = invalidHeader(state);
  if (invalid) return invalid;
  const retry = retryPolicyOf(action.retry, facts);
  return {
    kind: 'forward',
    table: state.table as RouteTable,
    virtualHost,
    route,
    action,
    weighted: state.weighted,
    path: rewritePath(route, action, facts.path),
    authority: rewriteAuthority(action, facts),
    timeouts: timeoutsOf(action, facts, state.http, retry),
    retry,
    fault: state.fault,
    cors: state.cors,
    requestHeaders: route.requestHeaders,
    responseHeaders: state.responseHeaders(route),
    outcome: state.outcome,
  };
}

/** `strict_check_headers` of the router filter. */
function invalidHeader(state: RequestState): RequestDecision | null {
  const found = invalidEnvoyHeader(state.http, state.facts);
  if (found === null) return null;
  const body = `invalid header '${found.name}' with value '${found.value}'`;
  return state.reply({ status: 400, body, details: `request_headers_failed_strict_check{${found.name}}`, reason: 'header', flag: 'IH' });
}

function tlsRedirect(state: RequestState): RequestDecision {
  const location = `https://${state.facts.authority}${state.facts.path}`;
  return state.reply({ status: 301, body: '', details: 'direct_response', reason: 'tlsRedirect', headers: [['location', location]] });
}
