import type { KubernetesGateway, ListenerSet } from '../../resource/kinds.ts';
import type { Finding } from './condition.ts';
import { gatewayApiGroup, type RouteKind } from './context.ts';

export type ListenerSpec = NonNullable<KubernetesGateway['spec']['listeners']>[number];

/** A listener as written, with the resource it is written in. */
export interface ListenerEntry {
  readonly spec: ListenerSpec;
  readonly owner: KubernetesGateway | ListenerSet;
  readonly ownerKind: 'Gateway' | 'ListenerSet';
}

const http: readonly string[] = ['HTTPRoute', 'GRPCRoute'];
const kindsByProtocol: Readonly<Record<string, readonly string[]>> = {
  HTTP: http,
  HTTPS: http,
  TLS: ['TLSRoute'],
  TCP: ['TCPRoute'],
};

/** The kinds of routes a listener takes: what its protocol can carry, cut down to what it allows. */
export function routeKinds(spec: ListenerSpec): { readonly supported: readonly RouteKind[]; readonly finding: Finding | null } {
  const isOpened = spec.protocol === 'TLS' && spec.tls?.mode !== 'Passthrough';
  const possible = [...(kindsByProtocol[spec.protocol ?? ''] ?? []), ...(isOpened ? ['TCPRoute'] : [])];
  const withGroup = (kind: string): RouteKind => ({ group: gatewayApiGroup, kind });
  const asked = spec.allowedRoutes?.kinds ?? [];
  if (asked.length === 0) return { supported: possible.map(withGroup), finding: null };
  const isPossible = (kind: (typeof asked)[number]) =>
    (kind?.group ?? gatewayApiGroup) === gatewayApiGroup && possible.includes(kind?.kind ?? '');
  const supported = asked.filter(isPossible).map((kind) => withGroup(kind?.kind ?? ''));
  const wrong = asked.filter((kind) => !isPossible(kind)).map((kind) => kind?.kind ?? '');
  if (wrong.length === 0) return { supported, finding: null };
  const message = `Routes of kind ${wrong.join(', ')} cannot attach to a listener with protocol ${spec.protocol ?? ''}`;
  return { supported, finding: { type: 'ResolvedRefs', isTrue: false, reason: 'InvalidRouteKinds', message } };
}

/** Whether a listener can be served at all. */
export function acceptedFinding(spec: ListenerSpec): Finding {
  const refuse = (reason: string, message: string): Finding => ({ type: 'Accepted', isTrue: false, reason, message });
  if (!kindsByProtocol[spec.protocol ?? '']) return refuse('UnsupportedProtocol', `Protocol ${spec.protocol ?? ''} is not supported`);
  if (typeof spec.port !== 'number' || spec.port < 1 || spec.port > 65535)
    return refuse('PortUnavailable', 'The port must be between 1 and 65535');
  if ((spec.protocol === 'HTTPS' || spec.protocol === 'TLS') && !spec.tls) {
    return refuse('UnsupportedValue', `A listener with protocol ${spec.protocol} needs a tls section`);
  }
  return { type: 'Accepted', isTrue: true, reason: 'Accepted', message: 'No errors found' };
}

/** Listeners of one port need one way of telling connections apart, and different hosts. */
export function conflictFinding(spec: ListenerSpec, rivals: readonly ListenerEntry[]): Finding {
  const transport = (protocol: string | undefined) => (protocol === 'HTTPS' || protocol === 'TLS' ? 'tls' : protocol);
  const same = rivals.filter((rival) => rival.spec.port === spec.port);
  if (same.some((rival) => transport(rival.spec.protocol) !== transport(spec.protocol))) {
    return {
      type: 'Conflicted',
      isTrue: true,
      reason: 'ProtocolConflict',
      message: `Another listener uses port ${spec.port} with another protocol`,
    };
  }
  if (same.some((rival) => (rival.spec.hostname ?? '').toLowerCase() === (spec.hostname ?? '').toLowerCase())) {
    return {
      type: 'Conflicted',
      isTrue: true,
      reason: 'HostnameConflict',
      message: `Another listener serves the same host on port ${spec.port}`,
    };
  }
  return { type: 'Conflicted', isTrue: false, reason: 'NoConflicts', message: 'No errors found' };
}
