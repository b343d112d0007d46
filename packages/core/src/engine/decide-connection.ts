import type { ConnectionFacts } from '../plan/facts.ts';
import {
  type AlpnLevel,
  findRange,
  type RangeLevel,
  type ServerNameLevel,
  type SourceTypeLevel,
  type TransportLevel,
} from '../plan/filter-chain-index.ts';
import type { FilterChainPlan } from '../plan/filter-chain-plan.ts';
import { isLoopbackIp, isSameIp } from '../plan/ip-address.ts';
import type { ListenerPlan } from '../plan/listener-plan.ts';
import type { ConnectionDecision, Trace } from './decision.ts';

/**
 * Chooses the filter chain of a connection as Envoy does: destination port, destination IP, server name, transport protocol, ALPN, direct
 * source, source type, source IP, source port. Each criterion takes its most specific value and never goes back; a chain that then fails a
 * later criterion leaves only the default chain.
 */
export function decideConnection(listener: ListenerPlan, facts: ConnectionFacts, trace: Trace | null): ConnectionDecision {
  const name = listener.chainMatcher?.(facts) ?? null;
  const [chain] = name === null ? byConditions(listener, facts) : chainsNamed(listener, name);
  // A name that no chain has does not fall back.
  const chosen = chain ?? (name === null ? listener.defaultFilterChain : null);
  if (trace) traceChain(trace, listener, facts, chosen, chain === undefined);
  return chosen ? { kind: 'chain', chain: chosen } : { kind: 'none' };
}

/** All chains whose conditions the connection meets at the deciding leaf: more than one means that the listener is in conflict. */
export function matchingChains(listener: ListenerPlan, facts: ConnectionFacts): readonly FilterChainPlan[] {
  const name = listener.chainMatcher?.(facts) ?? null;
  return name === null ? byConditions(listener, facts) : chainsNamed(listener, name);
}

function byConditions(listener: ListenerPlan, facts: ConnectionFacts): readonly FilterChainPlan[] {
  const { byPort } = listener.chainIndex;
  const level = byPort.get(facts.destinationPort);
  // Once a chain names this port, chains without a port are out of the question.
  if (level) return byDestination(level, facts);
  const any = byPort.get(0);
  return any ? byDestination(any, facts) : noChains;
}

function chainsNamed({ filterChains }: ListenerPlan, name: string): readonly FilterChainPlan[] {
  return filterChains.filter((chain) => chain.name === name);
}

const noChains: readonly FilterChainPlan[] = [];

function byDestination(level: RangeLevel<ServerNameLevel>, facts: ConnectionFacts): readonly FilterChainPlan[] {
  const next = findRange(level, facts.destination);
  return next ? byServerName(next, facts) : noChains;
}

function byServerName(level: ServerNameLevel, facts: ConnectionFacts): readonly FilterChainPlan[] {
  const name = facts.serverName;
  const exact = level.get(name);
  if (exact) return byTransport(exact, facts);
  for (let dot = name.indexOf('.', 1); dot > 0 && dot < name.length - 1; dot = name.indexOf('.', dot + 1)) {
    const wildcard = level.get(name.slice(dot));
    if (wildcard) return byTransport(wildcard, facts);
  }
  const any = level.get('');
  return any ? byTransport(any, facts) : noChains;
}

function byTransport(level: TransportLevel, facts: ConnectionFacts): readonly FilterChainPlan[] {
  const next = level.get(facts.transportProtocol) ?? level.get('');
  return next ? byAlpn(next, facts) : noChains;
}

function byAlpn(level: AlpnLevel, facts: ConnectionFacts): readonly FilterChainPlan[] {
  for (const protocol of facts.applicationProtocols) {
    const next = level.get(protocol);
    if (next) return byDirectSource(next, facts);
  }
  const any = level.get('');
  return any ? byDirectSource(any, facts) : noChains;
}

function byDirectSource(level: RangeLevel<SourceTypeLevel>, facts: ConnectionFacts): readonly FilterChainPlan[] {
  const next = findRange(level, facts.directSource);
  return next ? bySourceType(next, facts) : noChains;
}

function bySourceType(level: SourceTypeLevel, facts: ConnectionFacts): readonly FilterChainPlan[] {
  const isLocal = isLoopbackIp(facts.source) || isSameIp(facts.source, facts.destination);
  const sources = (isLocal ? level.local : level.external) ?? level.any;
  const ports = sources ? findRange(sources, facts.source) : null;
  return ports?.get(facts.sourcePort) ?? ports?.get(0) ?? noChains;
}

function traceChain(trace: Trace, listener: ListenerPlan, facts: ConnectionFacts, chain: FilterChainPlan | null, isDefault: boolean): void {
  const alpn = facts.applicationProtocols.length > 0 ? ` alpn ${facts.applicationProtocols.join(',')}` : '';
  const sni = facts.serverName === '' ? '' : ` sni ${facts.serverName}`;
  const what = `${facts.destination.text}:${facts.destinationPort} ${facts.transportProtocol}${sni}${alpn}`;
  const found = isDefault ? 'the default filter chain takes what no other matches' : 'filter chain matches';
  trace.steps.push({
    stage: 'filterChain',
    name: chain?.name ?? listener.name,
    resource: null,
    field: null,
    matched: chain !== null,
    why: chain ? `${what}: ${found}` : `${what}: no filter chain matches`,
  });
}
