import type { ForwardDecision, LocalReplyDecision } from '@weft/core/engine/decision';
import type { Reason } from '@weft/core/explain/explain-call';
import type { HeaderMutationPlan } from '@weft/core/plan/header-plan';
import type { Fraction } from '@weft/core/plan/matcher';
import type { HashPolicyPlan, RoutePlan } from '@weft/core/plan/route-plan';
import type { Call } from '@weft/core/simulate/call';
import { drawCluster } from '@weft/core/simulate/outcome';
import type { CallResult } from '@weft/core/simulate/simulate-call';
import type { CheckProxy } from './check-mesh.ts';
import { type ClusterPolicy, clusterPolicy } from './cluster-policy.ts';

/** The answer of `weft route explain`. Durations in ms, unset = null, percentages 0 … 100. */
export interface RouteAnswer {
  readonly error: string | null;
  readonly listener: string | null;
  readonly filterChain: string | null;
  readonly routeConfig: string | null;
  readonly virtualHost: string | null;
  readonly route: string | null;
  readonly cluster: string | null;
  readonly action: ActionAnswer | null;
  readonly policy: ClusterPolicy | null;
  readonly trace: readonly Reason[];
}

/** What is done to the request. */
export interface ActionAnswer {
  readonly type: 'forward' | 'redirect' | 'direct' | 'tcp';
  readonly clusters: readonly { readonly name: string; readonly weight: number }[];
  readonly timeoutMs: number | null;
  readonly retries: { readonly attempts: number; readonly on: readonly string[]; readonly perTryTimeoutMs: number | null } | null;
  readonly rewrite: { readonly path: string | null; readonly host: string | null } | null;
  readonly redirect: { readonly code: number; readonly location: string } | null;
  readonly direct: { readonly status: number; readonly body: string } | null;
  readonly mirrors: readonly { readonly cluster: string; readonly percent: number }[];
  readonly fault: { readonly delayMs: number; readonly delayPercent: number; readonly abort: number; readonly abortPercent: number } | null;
  readonly requestHeaders: HeaderChanges;
  readonly responseHeaders: HeaderChanges;
  readonly hash: { readonly kind: string; readonly name: string } | null;
  readonly cors: object | null;
}

interface HeaderChanges {
  readonly set: Readonly<Record<string, string>>;
  readonly add: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

/** Puts a simulated call into the form of the command's contract. */
export function routeAnswer(proxy: CheckProxy, call: Call, result: CallResult, trace: readonly Reason[]): RouteAnswer {
  const { decision, error } = result;
  const cluster = error === null ? chosenCluster(result, call) : null;
  return {
    error,
    listener: result.listener?.name ?? null,
    filterChain: result.chain?.name ?? null,
    routeConfig: result.routeConfig,
    virtualHost: decision?.virtualHost?.name ?? null,
    route: error === null ? (decision?.route?.name ?? null) : null,
    cluster,
    action: error === null ? actionOf(result, call) : null,
    policy: cluster === null ? null : clusterPolicy(proxy, cluster, call),
    trace,
  };
}

/** A few lines for people. */
export function formatRouteAnswer(answer: RouteAnswer): string {
  const lines = [
    answer.error === null ? describeAction(answer) : `error: ${answer.error}`,
    `listener ${answer.listener ?? '-'} · routes ${answer.routeConfig ?? '-'} · virtual host ${answer.virtualHost ?? '-'} · route ${answer.route ?? '-'}`,
    ...answer.trace.map(
      ({ resource, field, matched, why }) => `${matched ? '✓' : '✗'} ${resource}${field === '' ? '' : ` ${field}`}: ${why}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function describeAction({ action, cluster }: RouteAnswer): string {
  if (action?.redirect) return `redirect ${action.redirect.code} ${action.redirect.location}`;
  if (action?.direct) return `answer ${action.direct.status}${action.direct.body === '' ? '' : ` ${action.direct.body}`}`;
  if (action && action.clusters.length > 1) return action.clusters.map(({ name, weight }) => `${weight} → ${name}`).join('\n');
  return `→ ${cluster ?? '-'}`;
}

function chosenCluster({ decision, tcp, network, request }: CallResult, call: Call): string | null {
  if (network && !network.allowed) return null;
  if (decision?.kind === 'forward') {
    const chosen = draw(decision.action.clusters, decision.action.totalWeight, call.random);
    return chosen?.clusterHeader ? (request?.header(chosen.clusterHeader) ?? null) : (chosen?.name ?? null);
  }
  return tcp ? (draw(tcp.clusters, tcp.totalWeight, call.random)?.name ?? null) : null;
}

/** `random` above 1 counts modulo: scripts may hand in any number. */
function draw<T extends { readonly weight: number }>(clusters: readonly T[], total: number, random: number): T | null {
  return drawCluster(clusters, random < 1 ? random : (random % total) / total);
}

const noChanges: HeaderChanges = { set: {}, add: {}, remove: [] };
const noAction: Omit<ActionAnswer, 'type'> = {
  clusters: [],
  timeoutMs: null,
  retries: null,
  rewrite: null,
  redirect: null,
  direct: null,
  mirrors: [],
  fault: null,
  requestHeaders: noChanges,
  responseHeaders: noChanges,
  hash: null,
  cors: null,
};

function actionOf({ decision, tcp, network }: CallResult, call: Call): ActionAnswer | null {
  if (network && !network.allowed) return { ...noAction, type: 'tcp' };
  if (decision?.kind === 'forward') return forwardAnswer(decision, call);
  if (decision?.kind === 'localReply') return replyAnswer(decision);
  return tcp ? { ...noAction, type: 'tcp', clusters: tcp.clusters.map(({ name, weight }) => ({ name, weight })) } : null;
}

function forwardAnswer(decision: ForwardDecision, call: Call): ActionAnswer {
  const { action, route, path, authority, timeouts } = decision;
  const rewritesPath = action.pathRewrite !== null;
  return {
    ...noAction,
    type: 'forward',
    clusters: action.clusters.map(({ name, weight, clusterHeader }) => ({ name: clusterHeader ?? name, weight })),
    timeoutMs: timeouts.routeMs || null,
    retries: action.retry
      ? { attempts: action.retry.attempts ?? 1, on: action.retry.on, perTryTimeoutMs: action.retry.perTryTimeoutMs || null }
      : null,
    rewrite: rewritesPath || authority !== null ? { path: rewritesPath ? path : null, host: authority } : null,
    mirrors: action.mirrors.map(({ cluster, fraction }) => ({ cluster, percent: fraction ? percentOf(fraction) : 100 })),
    fault: faultAnswer(decision),
    requestHeaders: headerChanges(headerLevels(decision, call, 'requestHeaders')),
    responseHeaders: headerChanges(headerLevels(decision, call, 'responseHeaders')),
    hash: hashAnswer(action.hashPolicies),
    cors: corsOf(route),
  };
}

function headerLevels(
  { action, route }: ForwardDecision,
  call: Call,
  key: 'requestHeaders' | 'responseHeaders',
): readonly HeaderMutationPlan[] {
  const own = draw(action.clusters, action.totalWeight, call.random)?.[key];
  return own ? [own, ...route[key]] : route[key];
}

function replyAnswer(decision: LocalReplyDecision): ActionAnswer {
  const location = decision.headers.find(([name]) => name === 'location')?.[1];
  const base = { ...noAction, fault: faultAnswer(decision), responseHeaders: headerChanges(decision.responseHeaders) };
  if (location !== undefined) return { ...base, type: 'redirect', redirect: { code: decision.status, location } };
  const body = decision.bytes ? Buffer.from(decision.bytes).toString('utf8') : decision.body;
  return { ...base, type: 'direct', direct: { status: decision.status, body } };
}

function faultAnswer({ fault }: ForwardDecision | LocalReplyDecision): ActionAnswer['fault'] {
  if (!fault) return null;
  return {
    delayMs: fault.delayMs,
    delayPercent: fault.delayFraction ? percentOf(fault.delayFraction) : 0,
    abort: fault.abortStatus,
    abortPercent: fault.abortFraction ? percentOf(fault.abortFraction) : 0,
  };
}

function percentOf(fraction: Fraction): number {
  return fraction.perMillion / 10_000;
}

function headerChanges(levels: readonly HeaderMutationPlan[]): HeaderChanges {
  const set: Record<string, string> = {};
  const add: Record<string, string> = {};
  for (const { name, value, action } of levels.flatMap((level) => level.add)) {
    if (action === 'APPEND_IF_EXISTS_OR_ADD') add[name] = value.text;
    else set[name] = value.text;
  }
  return { set, add, remove: [...new Set(levels.flatMap((level) => level.remove))].sort() };
}

function hashAnswer([first]: readonly HashPolicyPlan[]): ActionAnswer['hash'] {
  if (!first) return null;
  if (first.kind === 'sourceIp') return { kind: 'sourceIp', name: '' };
  return { kind: first.kind, name: first.kind === 'filterState' ? first.key : first.name };
}

function corsOf(route: RoutePlan): object | null {
  const config = route.filterConfigs.get('envoy.filters.http.cors');
  if (config?.kind !== 'cors' || !config.cors) return null;
  const { allowOrigins, allowMethods, allowHeaders, exposeHeaders, maxAge, allowCredentials } = config.cors;
  return {
    allowOrigins: allowOrigins.map(({ kind, value }) => ({ [kind]: value })),
    allowMethods,
    allowHeaders,
    exposeHeaders,
    maxAgeMs: maxAge === '' ? null : Number(maxAge) * 1000,
    allowCredentials,
  };
}
