import { stableHash } from '../../base/stable-hash.ts';
import type { DestinationRule, Gateway, GRPCRoute, HTTPRoute, ResourceSet, TCPRoute, TLSRoute } from '../../resource/kinds.ts';
import type { Resource } from '../../resource/resource.ts';
import { compareAge } from '../../resource/resource-set.ts';
import type { HttpRouteSpec, Rule, TcpRouteSpec, TlsRouteSpec, VirtualServiceRules } from '../virtual-service.ts';
import { type TranslatedBackendTls, translateBackendTls } from './backend-tls.ts';
import type { Finding } from './condition.ts';
import type { TranslationContext } from './context.ts';
import { byPrecedence, grpcRules, httpRules } from './http-rules.ts';
import { tcpRules, tlsRules } from './l4-rules.ts';
import { type ApiListener, resolveListeners } from './listeners.ts';
import { type Attachment, attachments } from './parents.ts';

/** A route with the parents that it got and what its references came to. */
export interface RouteOutcome {
  readonly route: Resource;
  readonly attachments: readonly Attachment[];
  /** The condition `ResolvedRefs`. */
  readonly resolved: Finding;
  /** Why the route is not accepted whatever the parent says; null when nothing is against it. */
  readonly refused: Finding | null;
}

/** What the Gateway API resources of a mesh mean in terms of Istio's own, and what is to be said about each. */
export interface GatewayApiTranslation {
  /** DNS suffix of services. */
  readonly domain: string;
  readonly gateways: readonly Gateway[];
  /** For gateways one for each route; for services one for each namespace and service. Oldest first. */
  readonly virtualServices: readonly VirtualServiceRules[];
  readonly destinationRules: readonly DestinationRule[];
  readonly listeners: readonly ApiListener[];
  readonly routes: readonly RouteOutcome[];
  readonly backendTls: readonly TranslatedBackendTls[];
}

/** Translates all Gateway API resources. `domain` is the DNS suffix of services, `cluster.local`. */
export function translateGatewayApi(set: ResourceSet, domain: string): GatewayApiTranslation {
  const namespaceLabels = new Map(set.ofKind('Namespace').map((namespace) => [namespace.ref.name, namespace.labels]));
  const context: TranslationContext = { set, domain, namespaceLabels };
  const listeners = resolveListeners(context);
  const translated = [
    ...set.ofKind('HTTPRoute').map((route) => httpOutcome(route, httpRules(route, context), listeners, context)),
    ...set.ofKind('GRPCRoute').map((route) => httpOutcome(route, grpcRules(route, context), listeners, context)),
    ...set.ofKind('TCPRoute').map((route) => tcpOutcome(route, listeners, context)),
    ...set.ofKind('TLSRoute').map((route) => tlsOutcome(route, listeners, context)),
  ].sort((a, b) => compareAge(a.outcome.route, b.outcome.route));
  const backendTls = translateBackendTls(context);
  return {
    domain,
    gateways: listeners.flatMap((listener) => listener.translated ?? []),
    virtualServices: [
      ...translated.flatMap(({ gatewayRules }) => gatewayRules),
      ...mergeServiceRules(translated.flatMap(({ serviceRules }) => serviceRules)),
    ],
    destinationRules: backendTls.flatMap(({ rules }) => rules),
    listeners,
    routes: translated.map(({ outcome }) => outcome),
    backendTls,
  };
}

/** HTTP rules of one route for one service of the mesh. */
interface ServiceRules {
  readonly host: string;
  readonly namespace: string;
  readonly route: Resource;
  readonly rules: readonly Rule<HttpRouteSpec>[];
}

interface Translated {
  readonly outcome: RouteOutcome;
  readonly gatewayRules: readonly VirtualServiceRules[];
  readonly serviceRules: readonly ServiceRules[];
}

function httpOutcome(
  route: HTTPRoute | GRPCRoute,
  { rules, problems }: { readonly rules: readonly Rule<HttpRouteSpec>[]; readonly problems: readonly Finding[] },
  listeners: readonly ApiListener[],
  context: TranslationContext,
): Translated {
  const attached = attachments(route as Resource<object>, listeners, context);
  const gateways = gatewayNames(attached);
  const gatewayRules = gateways.length === 0 ? [] : [rulesOf(route, { hosts: hostsOf(route.spec?.hostnames), gateways, http: rules })];
  const serviceRules = attached.flatMap(({ service, parent, accepted }): ServiceRules[] => {
    if (service === null || !accepted.isTrue) return [];
    const { port } = parent;
    const narrowed =
      port === null
        ? rules
        : rules.map((rule) => ({ ...rule, spec: { ...rule.spec, match: (rule.spec.match ?? [{}]).map((match) => ({ ...match, port })) } }));
    return [{ host: service, namespace: parent.namespace, route, rules: narrowed }];
  });
  return { outcome: outcome(route, attached, problems), gatewayRules, serviceRules };
}

function tcpOutcome(route: TCPRoute, listeners: readonly ApiListener[], context: TranslationContext): Translated {
  const attached = attachments(route as Resource<object>, listeners, context);
  const { rules, problems } = tcpRules(route, context);
  const gateways = gatewayNames(attached);
  const services = attached.flatMap(({ service, accepted }) => (service !== null && accepted.isTrue ? [service] : []));
  const gatewayRules = [
    ...(gateways.length === 0 ? [] : [rulesOf(route, { hosts: ['*'], gateways, tcp: rules })]),
    ...(services.length === 0 ? [] : [rulesOf(route, { hosts: services, gateways: ['mesh'], tcp: rules })]),
  ];
  return { outcome: outcome(route, attached, problems), gatewayRules, serviceRules: [] };
}

function tlsOutcome(route: TLSRoute, listeners: readonly ApiListener[], context: TranslationContext): Translated {
  const attached = attachments(route as Resource<object>, listeners, context);
  const hosts = hostsOf(route.spec?.hostnames);
  const { rules, problems } = tlsRules(route, hosts, context);
  const gateways = gatewayNames(attached);
  const gatewayRules = gateways.length === 0 ? [] : [rulesOf(route, { hosts, gateways, tls: rules })];
  return { outcome: outcome(route, attached, problems), gatewayRules, serviceRules: [] };
}

function gatewayNames(attached: readonly Attachment[]): readonly string[] {
  return [...new Set(attached.flatMap(({ listeners }) => listeners.map((listener) => listener.translatedName)))].sort();
}

function hostsOf(hostnames: readonly string[] | undefined): readonly string[] {
  return hostnames && hostnames.length > 0 ? hostnames.map((host) => host.toLowerCase()) : ['*'];
}

function outcome(route: Resource, attached: readonly Attachment[], problems: readonly Finding[]): RouteOutcome {
  const resolved = problems.find((problem) => problem.type === 'ResolvedRefs');
  return {
    route,
    attachments: attached,
    resolved: resolved ?? { type: 'ResolvedRefs', isTrue: true, reason: 'ResolvedRefs', message: 'All references are resolved' },
    refused: problems.find((problem) => problem.type === 'Accepted') ?? null,
  };
}

interface RulesParts {
  readonly hosts: readonly string[];
  readonly gateways: readonly string[];
  readonly exportTo?: readonly string[];
  readonly http?: readonly Rule<HttpRouteSpec>[];
  readonly tcp?: readonly Rule<TcpRouteSpec>[];
  readonly tls?: readonly Rule<TlsRouteSpec>[];
}

function rulesOf(route: Resource, parts: RulesParts): VirtualServiceRules {
  const value = {
    ref: route.ref,
    createdAt: route.createdAt,
    exportTo: ['*'],
    http: [],
    tcp: [],
    tls: [],
    semantics: 'gateway-api' as const,
    ...parts,
  };
  return { ...value, hash: stableHash(value) };
}

/**
 * Rules for services, merged for each service and namespace of routes. Routes written beside the service hold for every client; those of another
 * namespace only for clients there, and for these they come first.
 */
function mergeServiceRules(all: readonly ServiceRules[]): readonly VirtualServiceRules[] {
  const groups = new Map<string, ServiceRules[]>();
  for (const entry of all) {
    const key = `${entry.route.ref.namespace} ${entry.host}`;
    const group = groups.get(key);
    if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  const isConsumer = (entry: ServiceRules) => entry.route.ref.namespace !== entry.namespace;
  return [...groups.values()]
    .flatMap((group) => {
      const [first] = group;
      if (!first) return [];
      const http = byPrecedence(group.flatMap((entry) => entry.rules));
      const exportTo = isConsumer(first) ? [first.route.ref.namespace] : ['*'];
      return [{ isConsumer: isConsumer(first), rules: rulesOf(first.route, { hosts: [first.host], gateways: ['mesh'], exportTo, http }) }];
    })
    .sort((a, b) => Number(b.isConsumer) - Number(a.isConsumer))
    .map(({ rules }) => rules);
}
