import { headerHolds, metadataHolds } from '../plan/build-matcher.ts';
import type { FaultPlan, FilterConfigPlan, HttpFilterPlan, JwtAuthnPlan, JwtRequirementPlan } from '../plan/http-filter-plan.ts';
import type { RbacPlan } from '../plan/rbac-plan.ts';
import { judgeRules, judgeShadow, traceRules } from './authorize.ts';
import { judgeCors } from './cors.ts';
import type { LocalReplyDecision, RequestDecision } from './decision.ts';
import { faultOf } from './fault-decision.ts';
import { requestMutations } from './filter-mutations.ts';
import { matchesRoute } from './match-route.ts';
import { descriptorsFrom, descriptorsOf } from './rate-limit-descriptors.ts';
import type { RequestState } from './request-state.ts';

/** Runs a filter: what it decides, or null when the request goes on to the next. */
export function runFilter(state: RequestState, filter: HttpFilterPlan, index: number): RequestDecision | null {
  const override = state.configs?.get(filter.name);
  if (override?.kind === 'disabled' || (filter.disabled && override === undefined)) return null;
  const { config } = filter;
  switch (config.kind) {
    case 'rbac':
      return runRbac(state, filter.name, override?.kind === 'rbac' ? override.rbac : config.rbac);
    case 'jwtAuthn':
      return runJwt(state, config, override, index);
    case 'extAuthz':
      return runExtAuthz(state, config, override, index);
    case 'headerMutation':
      state.changeHeaders(requestMutations(config, override, state.facts, state.metadata));
      return null;
    case 'fault':
      runFault(state, override?.kind === 'fault' ? override.fault : config.fault);
      return null;
    case 'cors':
      return runCors(state, override);
    case 'localRateLimit':
      return runLocalRateLimit(state, override?.kind === 'localRateLimit' ? override : config, filter.name, index);
    case 'buffer': {
      const { maxBytes } = override?.kind === 'buffer' ? override : config;
      return state.facts.contentLength === 0 ? null : state.pend({ kind: 'body', maxBytes }, index);
    }
    case 'rateLimit':
      return runRateLimit(state, config, override, index);
    default:
      return null;
  }
}

function runRbac(state: RequestState, filter: string, rbac: RbacPlan | null): RequestDecision | null {
  if (!rbac) return null;
  const connection = state.facts.connection;
  if (rbac.shadowRules) {
    const shadow = judgeShadow(rbac, filter, state.subject(), state.trace);
    if (shadow) state.addShadow(rbac, shadow);
  }
  if (!rbac.rules) return null;
  const verdict = judgeRules(rbac.rules, connection, state.facts, state.metadata);
  if (state.trace) traceRules(state.trace, 'rbac', rbac.rules, state.subject(), verdict);
  const { outcome } = state;
  const rbacAllowed = outcome.rbacAllowed + (verdict.allowed ? 1 : 0);
  state.outcome = { ...outcome, rbacPolicy: verdict.policy === '' ? outcome.rbacPolicy : verdict.policy, rbacAllowed };
  if (verdict.allowed) return null;
  const details = `rbac_access_denied_matched_policy[${verdict.policy === '' ? 'none' : verdict.policy.replaceAll(' ', '_')}]`;
  return state.reply({ status: 403, body: 'RBAC: access denied', details, reason: 'rbac' });
}

function runJwt(
  state: RequestState,
  config: Extract<FilterConfigPlan, { kind: 'jwtAuthn' }>,
  override: FilterConfigPlan | undefined,
  index: number,
): RequestDecision | null {
  const { jwt } = config;
  if (override?.kind === 'jwtAuthnRoute') {
    if (override.disabled) return null;
    if (!jwt.requirementByName.has(override.requirementName)) return unknownRequirement(state, jwt, override.requirementName);
  }
  const facts = state.facts;
  if (jwt.bypassCorsPreflight && facts.method === 'OPTIONS' && facts.header('origin') && facts.header('access-control-request-method'))
    return null;
  const requirement = jwtRequirement(state, config, override);
  if (!requirement || requirement.kind === 'none') return null;
  return state.pend({ kind: 'jwt', jwt, requirement }, index);
}

/** A route that names a requirement which the filter does not have lets nobody pass, as Envoy does. */
function unknownRequirement(state: RequestState, { requirementByName }: JwtAuthnPlan, name: string): LocalReplyDecision {
  const problem = `Wrong requirement_name: ${name}. It should be one of [${[...requirementByName.keys()].sort().join(',')}]`;
  const details = `jwt_authn_access_denied{${problem.replaceAll(' ', '_')}}`;
  return state.reply({ status: 403, body: `Failed JWT authentication: ${problem}`, details, reason: 'jwt' });
}

function jwtRequirement(
  state: RequestState,
  { jwt }: Extract<FilterConfigPlan, { kind: 'jwtAuthn' }>,
  override: FilterConfigPlan | undefined,
): JwtRequirementPlan | null {
  if (override?.kind === 'jwtAuthnRoute') return jwt.requirementByName.get(override.requirementName) ?? null;
  for (const rule of jwt.rules) if (matchesRoute(rule.match, state.facts, state.metadata)) return rule.requirement;
  return null;
}

function runExtAuthz(
  state: RequestState,
  config: Extract<FilterConfigPlan, { kind: 'extAuthz' }>,
  override: FilterConfigPlan | undefined,
  index: number,
): RequestDecision | null {
  const { extAuthz } = config;
  if (override?.kind === 'extAuthzRoute' && override.disabled) return null;
  const isMarked = extAuthz.enabledMetadata === null || metadataHolds(extAuthz.enabledMetadata, state.metadata);
  if (!isMarked || !state.isDrawn(extAuthz.enabled)) {
    if (!extAuthz.denyAtDisable) return null;
    return state.reply({ status: extAuthz.statusOnError, body: '', details: 'ext_authz_error', reason: 'extAuthz', flag: 'UAEX' });
  }
  const route = override?.kind === 'extAuthzRoute' ? override : null;
  const sendBody = extAuthz.withRequestBody !== null && !(route?.disableRequestBodyBuffering ?? false);
  return state.pend({ kind: 'extAuthz', extAuthz, contextExtensions: route?.contextExtensions ?? {}, sendBody }, index);
}

function runFault(state: RequestState, fault: FaultPlan): void {
  if (!fault.headers.every((header) => headerHolds(header, state.facts))) return;
  const clusters = state.route?.action.kind === 'forward' ? state.route.action.clusters : [];
  if (fault.upstreamCluster !== '' && !clusters.some((cluster) => cluster.name === fault.upstreamCluster)) return;
  state.fault = faultOf(fault, state.facts);
}

function runCors(state: RequestState, override: FilterConfigPlan | undefined): RequestDecision | null {
  const cors = override?.kind === 'cors' ? override.cors : null;
  if (!cors) return null;
  const verdict = judgeCors(cors, state.facts);
  if (verdict.kind === 'mark') state.cors = verdict.decision;
  if (verdict.kind !== 'preflight') return null;
  return state.reply({ status: 200, body: '', details: 'cors_response', reason: 'cors', headers: verdict.headers });
}

function runLocalRateLimit(
  state: RequestState,
  { limit }: Extract<FilterConfigPlan, { kind: 'localRateLimit' }>,
  filterName: string,
  index: number,
): RequestDecision | null {
  if (!limit.enabled || limit.enabled.perMillion === 0) return null;
  const source = state.route && state.host ? state.descriptorSource(state.route, state.host) : null;
  const own = limit.rateLimits.length > 0;
  const descriptors =
    source === null ? [] : own ? descriptorsFrom(limit.rateLimits, source) : descriptorsOf(source, limit.stage, 'OVERRIDE');
  return state.pend({ kind: 'localRateLimit', limit, descriptors, filterName, scope: limit }, index);
}

function runRateLimit(
  state: RequestState,
  { limit }: Extract<FilterConfigPlan, { kind: 'rateLimit' }>,
  override: FilterConfigPlan | undefined,
  index: number,
): RequestDecision | null {
  if (!state.route || !state.host) return null;
  if (limit.requestType !== 'both' && (limit.requestType === 'internal') !== state.facts.isInternal) return null;
  const option = override?.kind === 'rateLimitRoute' ? override : null;
  const descriptors = descriptorsOf(state.descriptorSource(state.route, state.host), limit.stage, option?.includeVirtualHost ?? 'OVERRIDE');
  if (descriptors.length === 0) return null;
  return state.pend({ kind: 'rateLimit', limit, domain: option?.domain || limit.domain, descriptors }, index);
}
