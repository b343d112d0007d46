import type { ForwardDecision, HeaderChange } from '@weft/core/engine/decision';
import { responseMutations } from '@weft/core/engine/filter-mutations';
import type { HeaderAdditionPlan, HeaderMutationPlan } from '@weft/core/plan/header-plan';
import type { WeightedClusterPlan } from '@weft/core/plan/route-plan';
import { evaluateHeaderFormat } from '../telemetry/format.ts';
import type { ExchangeView } from './exchange-view.ts';
import { appendVia } from './forwarding.ts';
import { type Headers, isSafeHeaderValue } from './headers.ts';

/** Makes the changes of filters, so that everything after them sees the request that they left. */
export function applyFilterChanges({ head }: ExchangeView, { outcome }: ForwardDecision): void {
  const { headerChanges } = outcome;
  if (headerChanges.length === 0) return;
  applyChanges(head.headers, headerChanges);
  for (const change of headerChanges) if (change.name === ':path' && change.op === 'set') head.path = change.value;
}

/** Makes the changes that come before anything else reads the request's headers. */
export function applyEarlyMutations(exchange: ExchangeView): void {
  for (const mutation of exchange.origin.manager.earlyMutations) mutate(exchange, mutation, true);
}

/** Rewrites path and authority as the route says, keeping the originals in Envoy's headers. */
export function rewriteRequest(exchange: ExchangeView, decision: ForwardDecision, weighted: WeightedClusterPlan): void {
  const { head } = exchange;
  if (decision.path !== head.path) {
    head.headers.set('x-envoy-original-path', head.path);
    head.path = decision.path;
  }
  if (weighted.hostRewrite !== null) head.authority = weighted.hostRewrite;
  const { authority } = decision;
  if (authority !== null && authority !== head.authority) {
    head.headers.set('x-envoy-original-host', head.authority);
    if (decision.action.appendXForwardedHost) head.headers.add('x-forwarded-host', head.authority);
    head.authority = authority;
  }
}

/** Applies the header changes of weighted cluster, route, virtual host and table to the request. */
export function applyForwardHeaders(exchange: ExchangeView, decision: ForwardDecision): void {
  const { headers } = exchange.head;
  const { weighted } = exchange;
  if (weighted !== null && weighted.requestHeaders !== null) mutate(exchange, weighted.requestHeaders, true);
  for (const mutation of decision.requestHeaders) mutate(exchange, mutation, true);
  if (headers.mayHaveEnvoyNames()) for (const name of removedUpstream) headers.remove(name);
}

/** Headers that steer this proxy and are not passed on. */
const removedUpstream = [
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-hedge-on-per-try-timeout',
];

/** Finishes a response on its way to the client: route and filter changes, CORS, server, date. `serviceTimeMs` null for local replies. */
export function applyResponseHeaders(exchange: ExchangeView, headers: Headers, serviceTimeMs: number | null): void {
  const { decision, origin } = exchange;
  const { manager } = origin;
  if (serviceTimeMs !== null) {
    headers.set('x-envoy-upstream-service-time', String(Math.round(serviceTimeMs)));
  }
  // What is answered before anything is decided passes the filters all the same.
  if (decision === null && manager.responseMutators.length > 0) {
    exchange.responseHeaders = headers;
    for (const mutation of responseMutations(manager, null)) mutate(exchange, mutation, false);
  }
  if (decision !== null && decision.kind !== 'pending') {
    applyCors(headers, decision.cors);
    applyChanges(headers, decision.outcome.responseHeaders);
    const weighted = exchange.weighted?.responseHeaders ?? null;
    const mutations = weighted === null ? decision.responseHeaders : [weighted, ...decision.responseHeaders];
    if (mutations.length > 0) {
      exchange.responseHeaders = headers;
      for (const mutation of mutations) mutate(exchange, mutation, false);
    }
    if (decision.kind === 'forward' && decision.virtualHost.includeAttemptCountInResponse) {
      headers.set('x-envoy-attempt-count', String(exchange.attemptCount));
    }
  }
  if (exchange.session !== null && exchange.host !== null) exchange.session.tell(exchange.host, headers, exchange.context.wallClock());
  if (exchange.stickyCookie !== null) headers.add('set-cookie', exchange.stickyCookie);
  if (manager.alwaysSetRequestIdInResponse && exchange.requestId !== '') headers.set('x-request-id', exchange.requestId);
  if (manager.serverHeader === 'OVERWRITE') headers.set('server', manager.serverName);
  else if (manager.serverHeader === 'APPEND_IF_ABSENT' && headers.get('server') === undefined) headers.set('server', manager.serverName);
  if (headers.get('date') === undefined) headers.set('date', httpDate(exchange.context.wallClock()));
  if (manager.via !== '') appendVia(headers, manager.via);
}

function applyCors(headers: Headers, cors: ForwardDecision['cors']): void {
  if (cors === null) return;
  headers.set('access-control-allow-origin', cors.origin);
  if (cors.cors.allowCredentials === true) headers.set('access-control-allow-credentials', 'true');
  if (cors.cors.exposeHeaders !== '') headers.set('access-control-expose-headers', cors.cors.exposeHeaders);
}

/** Applies plain changes that filters decided. */
export function applyChanges(headers: Headers, changes: readonly HeaderChange[]): void {
  for (const change of changes) {
    // Pseudo-headers are no fields: the path is changed where it is rewritten.
    if (change.name.startsWith(':')) continue;
    if (change.op === 'remove') headers.remove(change.name);
    else if (!isSafeHeaderValue(change.value)) continue;
    else if (change.op === 'set') headers.set(change.name, change.value);
    else headers.add(change.name, change.value);
  }
}

function mutate(exchange: ExchangeView, mutation: HeaderMutationPlan, isRequest: boolean): void {
  const headers = isRequest ? exchange.head.headers : exchange.responseHeaders;
  if (headers === null) return;
  for (const name of mutation.remove) headers.remove(name);
  for (const addition of mutation.add) addHeader(exchange, headers, addition, isRequest);
}

function addHeader(exchange: ExchangeView, headers: Headers, addition: HeaderAdditionPlan, isRequest: boolean): void {
  const value = addition.value.literal ?? evaluateHeaderFormat(addition.value, exchange, '');
  if ((value === '' && !addition.keepEmptyValue) || !isSafeHeaderValue(value)) return;
  const { name } = addition;
  if (isRequest && (name === 'host' || name === ':authority')) {
    exchange.head.authority = value;
    return;
  }
  if (isRequest && name === ':path') {
    exchange.head.path = value;
    return;
  }
  if (name.startsWith(':')) return;
  switch (addition.action) {
    case 'APPEND_IF_EXISTS_OR_ADD':
      headers.add(name, value);
      break;
    case 'ADD_IF_ABSENT':
      if (headers.get(name) === undefined) headers.add(name, value);
      break;
    case 'OVERWRITE_IF_EXISTS_OR_ADD':
      headers.set(name, value);
      break;
    case 'OVERWRITE_IF_EXISTS':
      if (headers.get(name) !== undefined) headers.set(name, value);
      break;
  }
}

const dateCache = { second: 0, text: '' };

function httpDate(now: number): string {
  const second = Math.floor(now / 1000);
  if (second !== dateCache.second) {
    dateCache.second = second;
    dateCache.text = new Date(now).toUTCString();
  }
  return dateCache.text;
}
