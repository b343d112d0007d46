import { stableHash } from '../../base/stable-hash.ts';
import type { DestinationRule, Gateway, GRPCRoute, HTTPRoute, ResourceSet, TCPRoute, TLSRoute } from '../../resource/kinds.ts';
import type { Resource } from '../../resource/resource.ts';
import type { HttpRouteSpec, Rule, TcpRouteSpec, TlsRouteSpec, VirtualServiceRules } from '../virtual-service.ts';
import { type TranslatedBackendTls, translateBackendTls } from './backend-tls.ts';
import type { Finding } from './condition.ts';
import type { TranslatedRules, TranslationContext } from './context.ts';
import { byPrecedence, grpcRules, httpRules } from './http-rules.ts';
import { forNames, onPort, tcpRules, tlsRules } from './l4-rules.ts';
import { type ApiListener, resolveListeners } from './listeners.ts';
import { type Attachment, attachments } from './parents.ts';
import { atGateways, atServices } from './placement.ts';
import { comparePrecedence } from './precedence.ts';

/** A route with the parents that it got. */
export interface RouteOutcome {
  readonly route: Resource;
  readonly attachments: readonly RouteAttachment[];
}

/** A parent of a route, and what the route came to there. */
export interface RouteAttachment extends Attachment {
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
  const routes: readonly Resource[] = [
    ...set.ofKind('HTTPRoute'),
    ...set.ofKind('GRPCRoute'),
    ...set.ofKind('TCPRoute'),
    ...set.ofKind('TLSRoute'),
  ];
  const namespaces = new Set([...namespaceLabels.keys(), ...routes.map((route) => route.ref.namespace)]);
  const context: TranslationContext = { set, domain, namespaceLabels, namespaces };
  const listeners = resolveListeners(context);
  const translated = [
    ...set.ofKind('HTTPRoute').map((route) => httpOutcome(route, (isMesh) => httpRules(route, context, isMesh), listeners, context)),
    ...set.ofKind('GRPCRoute').map((route) => httpOutcome(route, (isMesh) => grpcRules(route, context, isMesh), listeners, context)),
    ...set.ofKind('TCPRoute').map((route) => tcpOutcome(route, listeners, context)),
    ...set.ofKind('TLSRoute').map((route) => tlsOutcome(route, listeners, context)),
  ].sort((a, b) => comparePrecedence(a.outcome.route, b.outcome.route));
  const backendTls = translateBackendTls(context);
  return {
    domain,
    gateways: listeners.flatMap((listener) => listener.translated ?? []),
    virtualServices: [
      ...translated.flatMap((each) => each.virtualServices),
      ...mergeServiceRules(translated.flatMap(({ serviceRules }) => serviceRules)),
    ],
    destinationRules: backendTls.rules,
    listeners,
    routes: translated.map(({ outcome }) => outcome),
    backendTls: backendTls.policies,
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
  readonly virtualServices: readonly VirtualServiceRules[];
  readonly serviceRules: readonly ServiceRules[];
}

function httpOutcome(
  route: HTTPRoute | GRPCRoute,
  rulesFor: (isMesh: boolean) => TranslatedRules<HttpRouteSpec>,
  listeners: readonly ApiListener[],
  context: TranslationContext,
): Translated {
  const attached = attachments(route as Resource<object>, listeners, context);
  const { atGateway, inMesh } = byPlace(attached, rulesFor);
  const serviceRules = attached.flatMap(({ services, parent }) =>
    services.map((host) => ({ host, namespace: parent.namespace, route, rules: onPort(inMesh.rules, parent.port) })),
  );
  const virtualServices = atGateways(attached, hostsOf(route.spec?.hostnames), listeners).map((place) =>
    rulesOf(route, { ...place, http: atGateway.rules }),
  );
  return { outcome: outcome(route, attached, { atGateway, inMesh }), virtualServices, serviceRules };
}

function tcpOutcome(route: TCPRoute, listeners: readonly ApiListener[], context: TranslationContext): Translated {
  const attached = attachments(route as Resource<object>, listeners, context);
  const { atGateway, inMesh } = byPlace(attached, (isMesh) => tcpRules(route, context, isMesh));
  const virtualServices = [
    ...atGateways(attached, ['*'], listeners).map((place) => rulesOf(route, { ...place, tcp: atGateway.rules })),
    ...atServices(attached, route.ref.namespace).map(({ port, ...place }) => rulesOf(route, { ...place, tcp: onPort(inMesh.rules, port) })),
  ];
  return { outcome: outcome(route, attached, { atGateway, inMesh }), virtualServices, serviceRules: [] };
}

function tlsOutcome(route: TLSRoute, listeners: readonly ApiListener[], context: TranslationContext): Translated {
  const attached = attachments(route as Resource<object>, listeners, context);
  const hosts = hostsOf(route.spec?.hostnames);
  const { atGateway, inMesh } = byPlace(attached, (isMesh) => tlsRules(route, context, isMesh));
  const virtualServices = [
    ...atGateways(attached, hosts, listeners).map((place) => rulesOf(route, { ...place, tls: forNames(atGateway.rules, place.hosts) })),
    // Clients of a service ask for the names of the route, or for the service where the route has none.
    ...atServices(attached, route.ref.namespace).map(({ port, ...place }) =>
      rulesOf(route, { ...place, tls: onPort(forNames(inMesh.rules, hosts.includes('*') ? place.hosts : hosts), port) }),
    ),
  ];
  return { outcome: outcome(route, attached, { atGateway, inMesh }), virtualServices, serviceRules: [] };
}

function hostsOf(hostnames: readonly string[] | undefined): readonly string[] {
  return hostnames && hostnames.length > 0 ? hostnames.map((host) => host.toLowerCase()) : ['*'];
}

interface ByPlace<S> {
  readonly atGateway: TranslatedRules<S>;
  readonly inMesh: TranslatedRules<S>;
}

/** The rules of a route for the gateways and for the services that it is attached to; none where it is attached to none. */
function byPlace<S>(attached: readonly Attachment[], translate: (isMesh: boolean) => TranslatedRules<S>): ByPlace<S> {
  const none: TranslatedRules<S> = { rules: [], problems: [] };
  return {
    atGateway: attached.some(({ isMesh }) => !isMesh) ? translate(false) : none,
    inMesh: attached.some(({ isMesh }) => isMesh) ? translate(true) : none,
  };
}

function outcome(route: Resource, attached: readonly Attachment[], { atGateway, inMesh }: ByPlace<unknown>): RouteOutcome {
  const resolved: Finding = { type: 'ResolvedRefs', isTrue: true, reason: 'ResolvedRefs', message: 'All references are resolved' };
  const withProblems = (attachment: Attachment): RouteAttachment => {
    const { problems } = attachment.isMesh ? inMesh : atGateway;
    const found = (type: string) => problems.find((problem) => problem.type === type) ?? null;
    return { ...attachment, resolved: found('ResolvedRefs') ?? resolved, refused: found('Accepted') };
  };
  return { route, attachments: attached.map(withProblems) };
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
