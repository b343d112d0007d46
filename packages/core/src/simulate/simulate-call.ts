import { decideConnection, matchingChains } from '../engine/decide-connection.ts';
import { decideNetwork } from '../engine/decide-network.ts';
import { decideRequest } from '../engine/decide-request.ts';
import type { ForwardDecision, LocalReplyDecision, NetworkVerdict, PendingDecision, Resume, Trace } from '../engine/decision.ts';
import { normalizePath } from '../engine/normalize-path.ts';
import { type JwksSource, verifyRequestJwt } from '../engine/verify-jwt.ts';
import type { AddressPlan } from '../plan/cluster-plan.ts';
import type { ConnectionFacts, RequestFacts } from '../plan/facts.ts';
import type { FilterChainPlan, TcpProxyPlan } from '../plan/filter-chain-plan.ts';
import type { ListenerPlan } from '../plan/listener-plan.ts';
import type { Plan } from '../plan/plan.ts';
import type { Call } from './call.ts';
import { CallRequest, connectionFacts, terminatedFacts } from './call-facts.ts';

/** Why a call does not reach a route; Istio's simulation errors. */
export type CallError =
  | 'no_listener'
  | 'no_filter_chain'
  | 'multiple_filter_chains'
  | 'no_virtual_host'
  | 'no_route'
  | 'tls_redirect'
  | 'protocol_error'
  | 'tls_error'
  | 'mtls_error';

/** What happens to a call on one proxy. Fields beyond the point where it ended are null. */
export interface CallResult {
  readonly error: CallError | null;
  readonly listener: ListenerPlan | null;
  readonly chain: FilterChainPlan | null;
  /** Null on TCP chains. */
  readonly routeConfig: string | null;
  readonly network: NetworkVerdict | null;
  readonly tcp: TcpProxyPlan | null;
  readonly decision: ForwardDecision | LocalReplyDecision | null;
  readonly request: RequestFacts | null;
  readonly connection: ConnectionFacts | null;
  readonly trace: Trace;
  /** External checks that were passed over as allowed, because no simulation can ask them. */
  readonly assumed: readonly string[];
}

/** What a simulation needs from outside. */
export interface SimulationPorts {
  readonly keys: JwksSource;
  readonly nowMs: number;
  /** Take the caller's principal as a fact even where the chain does not terminate TLS: for questions about what a proxy saw. */
  readonly trustsPrincipal?: boolean;
}

/** Runs a call through one proxy's plan, without a network. */
export async function simulateCall(plan: Plan, call: Call, ports: SimulationPorts): Promise<CallResult> {
  const trace: Trace = { steps: [] };
  const listener = findListener(plan, call);
  if (!listener) return { ...nothing, error: 'no_listener', trace };
  const facts = connectionFacts(call, listener);
  const matching = matchingChains(listener, facts);
  if (matching.length > 1) return { ...nothing, error: 'multiple_filter_chains', listener, connection: facts, trace };
  const chosen = decideConnection(listener, facts, trace);
  if (chosen.kind === 'none') return { ...nothing, error: 'no_filter_chain', listener, connection: facts, trace };
  const { chain } = chosen;
  const found: CallResult = { ...nothing, listener, chain, connection: facts, trace };
  const refused = tlsError(chain, call) ?? protocolError(chain, call, ports);
  if (refused) return { ...found, error: refused };
  const knowsPeer = chain.tls !== null || (ports.trustsPrincipal && call.tls === 'mtls');
  const connection = knowsPeer ? terminatedFacts(facts, call) : facts;
  let network = decideNetwork(chain, connection, trace);
  const assumed: string[] = [];
  for (; network.check !== null; network = decideNetwork(chain, connection, trace, network)) assumed.push('extAuthz');
  const connected = { ...found, connection, network, assumed };
  if (!network.allowed || !chain.http) return { ...connected, tcp: chain.tcp };
  return simulateRequest(plan, call, { ...connected, chain, connection }, ports);
}

const nothing: Omit<CallResult, 'trace'> = {
  error: null,
  listener: null,
  chain: null,
  routeConfig: null,
  network: null,
  tcp: null,
  decision: null,
  request: null,
  connection: null,
  assumed: [],
};

/** Inbound calls go to the inbound capture listener; others to the address, the wildcard of the port, or the outbound capture listener. */
function findListener(plan: Plan, call: Call): ListenerPlan | null {
  const captured = plan.listenerByName.get(call.mode === 'inbound' ? 'virtualInbound' : 'virtualOutbound') ?? null;
  if (call.mode === 'inbound' && captured) return captured;
  const open = plan.listeners.filter((listener) => call.mode !== 'inbound' || listener.direction === 'INBOUND');
  const at = (hosts: readonly string[]): ListenerPlan | undefined =>
    open.find((listener) => listener.addresses.some((address) => isAt(address, hosts, call.port)));
  return at([call.address]) ?? at(['0.0.0.0', '::']) ?? (call.mode === 'inbound' ? null : captured);
}

function isAt(address: AddressPlan, hosts: readonly string[], port: number): boolean {
  return address.kind === 'tcp' && address.port === port && hosts.includes(address.host);
}

function tlsError(chain: FilterChainPlan, call: Call): CallError | null {
  if (!chain.tls) return null;
  if (call.tls === 'plaintext') return 'tls_error';
  return chain.tls.requireClientCertificate === (call.tls === 'mtls') ? null : 'mtls_error';
}

function protocolError(chain: FilterChainPlan, call: Call, ports: SimulationPorts): CallError | null {
  if (!chain.http) return null;
  const isEncrypted = call.tls !== 'plaintext' && !chain.tls && !ports.trustsPrincipal;
  return isEncrypted || call.protocol === 'tcp' ? 'protocol_error' : null;
}

type Connected = CallResult & { readonly chain: FilterChainPlan; readonly connection: ConnectionFacts };

async function simulateRequest(plan: Plan, call: Call, found: Connected, ports: SimulationPorts): Promise<CallResult> {
  const { chain, connection, trace } = found;
  const http = chain.http;
  if (!http) return found;
  const routeConfig = http.routes.kind === 'rds' ? http.routes.name : http.routes.table.name;
  const path = normalizePath(call.path, http);
  if (path.kind !== 'path') return { ...found, routeConfig, decision: pathReply(path) };
  const request = new CallRequest(call, connection, http, path.path);
  const draw = Math.min(999_999, Math.floor(call.random * 1_000_000));
  const assumed = [...found.assumed];
  let resume: Resume | null = null;
  for (;;) {
    const decision = decideRequest(plan, chain, request, trace, resume, draw);
    if (decision.kind !== 'pending') return { ...found, routeConfig, request, decision, assumed, error: routeError(decision) };
    resume = { filterIndex: decision.filterIndex, state: decision.state, result: await answer(decision, request, ports) };
    if (decision.need.kind !== 'jwt') assumed.push(decision.need.kind);
  }
}

async function answer({ need }: PendingDecision, facts: RequestFacts, ports: SimulationPorts): Promise<Resume['result']> {
  if (need.kind === 'jwt') return verifyRequestJwt(need.jwt, need.requirement, { facts, ...ports });
  return { kind: 'pass', headerChanges: [], responseHeaders: [], metadata: {}, clearRoute: false, requestPrincipal: '' };
}

function routeError(decision: ForwardDecision | LocalReplyDecision): CallError | null {
  if (decision.kind === 'forward') return null;
  if (decision.reason === 'noVirtualHost') return 'no_virtual_host';
  if (decision.reason === 'noRoute') return 'no_route';
  return decision.reason === 'tlsRedirect' ? 'tls_redirect' : null;
}

/** A path that the connection manager itself refuses or redirects. */
function pathReply(path: { readonly kind: 'reject' } | { readonly kind: 'redirect'; readonly path: string }): LocalReplyDecision {
  return {
    kind: 'localReply',
    status: path.kind === 'reject' ? 400 : 307,
    body: '',
    bytes: null,
    headers: path.kind === 'redirect' ? [['location', path.path]] : [],
    flag: '',
    details: 'path_normalization_failed',
    grpcStatus: null,
    reason: path.kind === 'redirect' ? 'redirect' : 'header',
    virtualHost: null,
    route: null,
    table: null,
    responseHeaders: [],
    fault: null,
    cors: null,
    outcome: { headerChanges: [], metadata: {}, shadows: [], responseHeaders: [], rbacPolicy: '', rbacAllowed: 0, requestPrincipal: '' },
  };
}
