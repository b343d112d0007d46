import type { TCPRoute, TLSRoute } from '../../resource/kinds.ts';
import type { Rule, TcpRouteSpec, TlsRouteSpec } from '../virtual-service.ts';
import { type BackendReference, type Referrer, resolveBackend } from './backends.ts';
import type { Finding } from './condition.ts';
import type { TranslatedRules, TranslationContext } from './context.ts';

/** The rules of a TCPRoute, for gateways or for the mesh, and what is wrong with them. */
export function tcpRules(route: TCPRoute, context: TranslationContext, isMesh: boolean): TranslatedRules<TcpRouteSpec> {
  const problems: Finding[] = [];
  const referrer = { kind: 'TCPRoute', namespace: route.ref.namespace, isMesh };
  const rules = (route.spec?.rules ?? []).map((rule, index): Rule<TcpRouteSpec> => {
    const destinations = l4Destinations(rule?.backendRefs ?? [], referrer, context, problems);
    return { spec: { route: destinations }, ref: route.ref, path: `spec.rules[${index}]` };
  });
  return { rules, problems };
}

/** The rules of a TLSRoute, for gateways or for the mesh, whatever server names they are for. */
export function tlsRules(route: TLSRoute, context: TranslationContext, isMesh: boolean): TranslatedRules<TlsRouteSpec> {
  const problems: Finding[] = [];
  const referrer = { kind: 'TLSRoute', namespace: route.ref.namespace, isMesh };
  const rules = (route.spec?.rules ?? []).map((rule, index): Rule<TlsRouteSpec> => {
    const destinations = l4Destinations(rule?.backendRefs ?? [], referrer, context, problems);
    return { spec: { route: destinations }, ref: route.ref, path: `spec.rules[${index}]` };
  });
  return { rules, problems };
}

/** Rules for the connections that ask for some names. */
export function forNames(rules: readonly Rule<TlsRouteSpec>[], sniHosts: readonly string[]): readonly Rule<TlsRouteSpec>[] {
  return rules.map((rule) => ({ ...rule, spec: { ...rule.spec, match: [{ sniHosts: [...sniHosts] }] } }));
}

/** Rules for one port of a service, or for all of its ports. */
export function onPort<S extends { readonly match?: readonly object[] }>(
  rules: readonly Rule<S>[],
  port: number | null,
): readonly Rule<S>[] {
  if (port === null) return rules;
  return rules.map((rule) => ({ ...rule, spec: { ...rule.spec, match: (rule.spec.match ?? [{}]).map((match) => ({ ...match, port })) } }));
}

/** A destination without a host leads nowhere. A backend that cannot be used is one, so that its share of connections is closed; so is a rule without backends that count. */
function l4Destinations(
  backends: readonly (BackendReference | undefined)[],
  referrer: Referrer,
  context: TranslationContext,
  problems: Finding[],
): NonNullable<TcpRouteSpec['route']> {
  const counting = backends.filter((backend) => (backend?.weight ?? 1) > 0);
  if (counting.length === 0) return [{ destination: {} }];
  return counting.map((backend) => {
    const { destination, problem } = resolveBackend(backend ?? {}, referrer, context);
    if (problem) problems.push(problem);
    return { destination, ...(counting.length > 1 && { weight: backend?.weight ?? 1 }) };
  });
}
