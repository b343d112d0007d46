import { corsResponseHeaders } from '../engine/cors.ts';
import type { ForwardDecision, HeaderChange, LocalReplyDecision } from '../engine/decision.ts';
import { requestResolver } from '../engine/format-value.ts';
import { applyHeaderMutations, type HeaderSink } from '../engine/mutate-headers.ts';
import { RequestOverlay } from '../engine/request-overlay.ts';
import type { RequestFacts } from '../plan/facts.ts';
import type { WeightedClusterPlan } from '../plan/route-plan.ts';
import type { Call } from './call.ts';
import { headerSink } from './header-sink.ts';
import type { CallResult } from './simulate-call.ts';

/** A cluster with the share of requests it gets, 0 … 100. */
export interface ClusterShare {
  readonly cluster: string;
  readonly percent: number;
}

/** What client and upstream would see of a simulated call, if the upstream answered. */
export interface CallOutcome {
  readonly kind: 'forwarded' | 'answered' | 'closed';
  /** Of an answer of the proxy's own; null otherwise. */
  readonly status: number | null;
  /** Where the call goes, drawn by `call.random`; null when it goes nowhere. */
  readonly cluster: string | null;
  readonly split: readonly ClusterShare[];
  readonly mirrors: readonly ClusterShare[];
  /** The request as the upstream gets it; null on TCP and for answers. Headers the proxy adds to every request are not in it. */
  readonly upstream: {
    readonly method: string;
    readonly path: string;
    readonly authority: string;
    readonly headers: Readonly<Record<string, string>>;
  } | null;
  /** Headers of the answer, or those put on the upstream's response. */
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Turns a simulated call into what can be seen from outside. */
export function outcomeOf(call: Call, result: CallResult): CallOutcome {
  const { decision, request } = result;
  const isClosed = result.network?.allowed === false || (result.error !== null && decision === null);
  if (isClosed) return { ...nothing, kind: 'closed' };
  if (decision?.kind === 'localReply') return answered(decision, request);
  if (decision && request) return forwarded(call, decision, request);
  return tcpOutcome(call, result);
}

const nothing: CallOutcome = {
  kind: 'closed',
  status: null,
  cluster: null,
  split: [],
  mirrors: [],
  upstream: null,
  responseHeaders: {},
  body: '',
};

/** The entry that a draw of 0 … 1 falls on. */
export function drawCluster<T extends { readonly weight: number }>(clusters: readonly T[], random: number): T | null {
  const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
  let at = Math.min(total - 1, Math.floor(random * total));
  for (const cluster of clusters) {
    at -= cluster.weight;
    if (at < 0) return cluster;
  }
  return clusters[0] ?? null;
}

function tcpOutcome(call: Call, { tcp }: CallResult): CallOutcome {
  if (!tcp) return nothing;
  const cluster = drawCluster(tcp.clusters, call.random)?.name ?? null;
  return { ...nothing, kind: 'forwarded', cluster, split: shares(tcp.clusters) };
}

function answered(decision: LocalReplyDecision, request: RequestFacts | null): CallOutcome {
  const headers = request
    ? responseHeaders(decision, null, new RequestOverlay(request, decision.outcome.headerChanges))
    : Object.fromEntries(decision.headers);
  const body = decision.bytes ? String.fromCharCode(...decision.bytes) : decision.body;
  return { ...nothing, kind: 'answered', status: decision.status, responseHeaders: headers, body };
}

function forwarded(call: Call, decision: ForwardDecision, request: RequestFacts): CallOutcome {
  const { action, outcome } = decision;
  const chosen = decision.weighted ?? drawCluster(action.clusters, call.random);
  const sent = new RequestOverlay(request, outcome.headerChanges);
  applyHeaderMutations([chosen?.requestHeaders ?? null, ...decision.requestHeaders], requestResolver(sent, outcome.metadata), sent);
  const headers = Object.fromEntries(Object.entries(sent.headers()).filter(([name]) => !name.startsWith(':') && name !== 'host'));
  const authority = chosen?.hostRewrite ?? decision.authority ?? sent.authority;
  return {
    kind: 'forwarded',
    status: null,
    cluster: nameOf(chosen, sent),
    split: shares(action.clusters),
    mirrors: action.mirrors.map(({ cluster, fraction }) => ({ cluster, percent: fraction ? fraction.perMillion / 10_000 : 100 })),
    upstream: { method: request.method, path: decision.path, authority, headers },
    responseHeaders: responseHeaders(decision, chosen?.responseHeaders ?? null, sent),
    body: '',
  };
}

function responseHeaders(
  decision: ForwardDecision | LocalReplyDecision,
  own: WeightedClusterPlan['responseHeaders'],
  request: RequestFacts,
): Record<string, string> {
  const headers: Record<string, string> = decision.kind === 'localReply' ? Object.fromEntries(decision.headers) : {};
  const sink = headerSink(headers);
  for (const change of decision.outcome.responseHeaders) applyChange(sink, change);
  if (decision.cors) for (const [name, value] of corsResponseHeaders(decision.cors)) sink.set(name, value, name);
  applyHeaderMutations([own, ...decision.responseHeaders], requestResolver(request, decision.outcome.metadata), sink);
  return headers;
}

function nameOf(cluster: WeightedClusterPlan | null, request: RequestFacts): string | null {
  return cluster?.clusterHeader ? (request.header(cluster.clusterHeader) ?? null) : (cluster?.name ?? null);
}

function shares(clusters: readonly { readonly name: string; readonly weight: number }[]): ClusterShare[] {
  const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
  return clusters.map(({ name, weight }) => ({ cluster: name, percent: total === 0 ? 0 : (100 * weight) / total }));
}

function applyChange(sink: HeaderSink, change: HeaderChange): void {
  if (change.op === 'remove') sink.remove(change.name);
  else if (change.op === 'set') sink.set(change.name, change.value, change.name);
  else sink.append(change.name, change.value, change.name);
}
