import type { TCPRoute, TLSRoute } from '../../resource/kinds.ts';
import type { Rule, TcpRouteSpec, TlsRouteSpec } from '../virtual-service.ts';
import { type BackendReference, type Referrer, resolveBackend } from './backends.ts';
import type { Finding } from './condition.ts';
import type { TranslationContext } from './context.ts';

/** The rules of a TCPRoute, and what is wrong with them. A rule without a usable backend is left out: connections are closed. */
export function tcpRules(
  route: TCPRoute,
  context: TranslationContext,
): { readonly rules: readonly Rule<TcpRouteSpec>[]; readonly problems: readonly Finding[] } {
  const problems: Finding[] = [];
  const rules = (route.spec?.rules ?? []).flatMap((rule, index): Rule<TcpRouteSpec>[] => {
    const destinations = l4Destinations(rule?.backendRefs ?? [], { kind: 'TCPRoute', namespace: route.ref.namespace }, context, problems);
    return destinations.length === 0 ? [] : [{ spec: { route: destinations }, ref: route.ref, path: `spec.rules[${index}]` }];
  });
  return { rules, problems };
}

/** The rules of a TLSRoute for the server names that it is asked for. */
export function tlsRules(
  route: TLSRoute,
  sniHosts: readonly string[],
  context: TranslationContext,
): { readonly rules: readonly Rule<TlsRouteSpec>[]; readonly problems: readonly Finding[] } {
  const problems: Finding[] = [];
  const rules = (route.spec?.rules ?? []).flatMap((rule, index): Rule<TlsRouteSpec>[] => {
    const destinations = l4Destinations(rule?.backendRefs ?? [], { kind: 'TLSRoute', namespace: route.ref.namespace }, context, problems);
    if (destinations.length === 0) return [];
    return [{ spec: { match: [{ sniHosts: [...sniHosts] }], route: destinations }, ref: route.ref, path: `spec.rules[${index}]` }];
  });
  return { rules, problems };
}

function l4Destinations(
  backends: readonly (BackendReference | undefined)[],
  referrer: Referrer,
  context: TranslationContext,
  problems: Finding[],
): NonNullable<TcpRouteSpec['route']> {
  const counting = backends.filter((backend) => (backend?.weight ?? 1) > 0);
  return counting.flatMap((backend) => {
    const { destination, problem } = resolveBackend(backend ?? {}, referrer, context);
    if (problem) problems.push(problem);
    if (destination.host === undefined) return [];
    return [{ destination, ...(counting.length > 1 && { weight: backend?.weight ?? 1 }) }];
  });
}
