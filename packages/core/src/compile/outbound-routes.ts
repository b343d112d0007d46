import type { RouteJson, VirtualHostJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { RouteConfigurationJson } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import { hostMatches, isWildcardHost } from '../base/hosts.ts';
import { isHttpOrAuto } from '../mesh/port-protocol.ts';
import type { EgressListener, ProxyView, ServiceView } from '../mesh/proxy-view.ts';
import { onlyPort } from '../mesh/service-merge.ts';
import type { VirtualServiceRules } from '../mesh/virtual-service.ts';
import { httpProxyRoute, outboundClusterName, passthroughCluster } from '../snapshot/names.ts';
import { anyDynamicDnsCluster, resolvesUnknownHosts } from './dynamic-dns.ts';
import { serviceHashPolicy } from './hash-policy.ts';
import { httpRoutes, type RouteContext } from './http-route.ts';
import { retryPolicy } from './retry-policy.ts';
import { timeoutFields } from './route-action.ts';
import { bracketed, domainName, hostDomains } from './virtual-host-domains.ts';
import { mostSpecificRules } from './wildcard-index.ts';

const meshGateway: ReadonlySet<string> = new Set(['mesh']);

/** The route configurations that outbound listeners ask for by these names. */
export function outboundRoutes(view: ProxyView, names: ReadonlySet<string>): readonly RouteConfigurationJson[] {
  const hostsByListener = new Map<string, readonly PortHost[]>();
  return [...names].sort().map((name) => routeConfiguration(view, name, hostsByListener));
}

interface PortHost {
  readonly port: number;
  readonly host: VirtualHostJson;
}

function routeConfiguration(view: ProxyView, name: string, hostsByListener: Map<string, readonly PortHost[]>): RouteConfigurationJson {
  const { port, sniffedHost } = parseRouteName(name);
  const listener = egressListenerFor(view, port, name);
  const isProxy = port === 0 || listener?.port?.protocol.toUpperCase() === 'HTTP_PROXY';
  const key = isProxy ? name : String(port);
  const known = hostsByListener.get(key) ?? (listener ? virtualHosts(view, listener, isProxy ? 0 : port) : []);
  hostsByListener.set(key, known);
  const chosen =
    sniffedHost === null
      ? isProxy
        ? mergePorts(known)
        : known.filter((entry) => entry.port === port).map((entry) => entry.host)
      : hostsOfService(known, name, sniffedHost);
  const sorted = [...chosen].sort((a, b) => compareText(a.name ?? '', b.name ?? ''));
  return {
    name,
    virtualHosts: sniffedHost !== null || takesEverything(sorted) ? sorted : [...sorted, catchAllHost(view)],
    validateClusters: false,
    maxDirectResponseBodySizeBytes: 1_048_576,
    // A proxy listener serves all ports at once, so there the port in the host is what tells services apart.
    ...(isProxy || view.node.generator === 'grpc' ? {} : { ignorePortInHostMatching: true }),
  };
}

/** Rules or services for `*` leave nothing over. */
function takesEverything(hosts: readonly VirtualHostJson[]): boolean {
  return hosts.some((host) => host.domains?.includes('*'));
}

/** `80`, `host:80` for a listener of one sniffed service, `http_proxy`, or a socket path. */
function parseRouteName(name: string): { readonly port: number; readonly sniffedHost: string | null } {
  if (name === httpProxyRoute || name.startsWith('unix://')) return { port: 0, sniffedHost: null };
  const colon = name.lastIndexOf(':');
  return colon < 0 ? { port: Number(name), sniffedHost: null } : { port: Number(name.slice(colon + 1)), sniffedHost: name.slice(0, colon) };
}

/** The first listener with the port, else the one without a port. */
function egressListenerFor(view: ProxyView, port: number, name: string): EgressListener | null {
  for (const listener of view.scope.egress) {
    if (listener.port === null) return listener;
    if (listener.port.number === port && (port !== 0 || listener.bind === name)) return listener;
  }
  return null;
}

/** The virtual hosts of a listener port; of all ports for port 0. */
function virtualHosts(view: ProxyView, listener: EgressListener, port: number): readonly PortHost[] {
  const services = servicesAt(listener, port);
  const rules = port === 80 ? listener.virtualServices : listener.virtualServices.filter((candidate) => concernsAny(candidate, services));
  const builder = new HostBuilder(view, listener, port);
  const remaining = new Map(services);
  const groups = rules.flatMap((candidate) => ruleGroups(view, { rules: candidate, services, listener, port }));
  for (const group of groups) for (const service of group.services) remaining.delete(service.service.hostname);
  for (const service of remaining.values()) {
    if (service.service.resolution === 'alias') continue;
    for (const servicePort of service.service.ports) {
      if (isHttpOrAuto(servicePort.protocol))
        groups.push({
          port: servicePort.number,
          services: [service],
          hosts: [],
          routes: [defaultRoute(view, service, servicePort.number)],
        });
    }
  }
  return builder.build(groups);
}

function servicesAt(listener: EgressListener, port: number): ReadonlyMap<string, ServiceView> {
  const services = new Map<string, ServiceView>();
  for (const view of listener.services) {
    const service = port === 0 ? view.service : onlyPort(view.service, port);
    if (service) services.set(service.hostname, service === view.service ? view : { ...view, service });
  }
  return services;
}

/** Away from port 80 rules count only for hosts that some service has. */
function concernsAny(rules: VirtualServiceRules, services: ReadonlyMap<string, ServiceView>): boolean {
  return rules.hosts.some((host) => {
    if (services.has(host)) return true;
    for (const hostname of services.keys())
      if ((isWildcardHost(host) || isWildcardHost(hostname)) && hostMatches(host, hostname)) return true;
    return false;
  });
}

/** Routes of one port, with the services and further hosts that they are for. */
interface HostGroup {
  readonly port: number;
  readonly services: readonly ServiceView[];
  readonly hosts: readonly string[];
  readonly routes: readonly RouteJson[];
}

interface RuleInputs {
  readonly rules: VirtualServiceRules;
  readonly services: ReadonlyMap<string, ServiceView>;
  readonly listener: EgressListener;
  readonly port: number;
}

function ruleGroups(view: ProxyView, { rules, services, listener, port }: RuleInputs): HostGroup[] {
  const { matched, others } = matchHosts(rules, services, listener);
  const isUsable = (service: ServiceView) =>
    rules.semantics === 'istio' || service.service.namespace === rules.ref.namespace || view.node.namespace === rules.ref.namespace;
  const usable = matched.filter(isUsable);
  if (rules.semantics === 'gateway-api' && usable.length === 0) return [];
  const servicesByPort = new Map<number, ServiceView[]>();
  for (const service of usable) {
    for (const servicePort of service.service.ports) {
      if (!isHttpOrAuto(servicePort.protocol)) continue;
      const list = servicesByPort.get(servicePort.number);
      if (list) list.push(service);
      else servicesByPort.set(servicePort.number, [service]);
    }
  }
  // Hosts that no service has are only served on port 80.
  if (servicesByPort.size === 0 && (port === 80 || port === 0)) servicesByPort.set(80, []);
  return [...servicesByPort].flatMap(([groupPort, list]) => {
    const routes = httpRoutes(rules, contextFor(view, services, port || groupPort));
    return routes.length === 0 ? [] : [{ port: groupPort, services: list, hosts: others, routes }];
  });
}

function contextFor(view: ProxyView, services: ReadonlyMap<string, ServiceView>, port: number): RouteContext {
  return {
    node: view.node,
    port,
    isTls: false,
    gateways: meshGateway,
    serviceByHostname: services,
    policyByHostname: view.serviceByHostname,
    defaultRetryPolicy: view.settings.meshConfig.defaultHttpRetryPolicy,
  };
}

/** The services that the rules' hosts mean, and the hosts that mean none. A wildcard takes only services for which no other rules are more specific. */
function matchHosts(rules: VirtualServiceRules, services: ReadonlyMap<string, ServiceView>, listener: EgressListener) {
  const matched: ServiceView[] = [];
  const others: string[] = [];
  for (const host of rules.hosts.filter((candidate) => !isWildcardHost(candidate))) {
    const service = services.get(host);
    if (service) matched.push(service);
    else others.push(host);
  }
  for (const host of rules.hosts.filter(isWildcardHost)) {
    if (rules.semantics === 'gateway-api') {
      others.push(host);
      continue;
    }
    const overlapping = [...services.values()].filter((service) => hostMatches(host, service.service.hostname));
    if (overlapping.length === 0) others.push(host);
    matched.push(...overlapping.filter((service) => mostSpecificRules(listener, service.service.hostname) === rules));
  }
  return { matched, others };
}

/** The route of a service port without rules. */
function defaultRoute(view: ProxyView, service: ServiceView, port: number): RouteJson {
  const hashPolicy = serviceHashPolicy(service, port);
  const retries = retryPolicy(view.settings.meshConfig.defaultHttpRetryPolicy, false);
  return {
    name: 'default',
    match: { prefix: '/' },
    route: {
      cluster: outboundClusterName(service.service.hostname, port),
      ...timeoutFields(undefined, view.node),
      ...(retries ? { retryPolicy: retries } : {}),
      ...(hashPolicy ? { hashPolicy: [hashPolicy] } : {}),
    },
    decorator: { operation: `${service.service.hostname}:${port}/*` },
  };
}

/** Turns groups into virtual hosts; a name or domain that is taken goes to whoever came first. */
class HostBuilder {
  readonly #view: ProxyView;
  readonly #aliasesByHostname: ReadonlyMap<string, readonly string[]>;
  readonly #port: number;
  readonly #names = new Set<string>();
  readonly #domains = new Set<string>();

  constructor(view: ProxyView, listener: EgressListener, port: number) {
    this.#view = view;
    this.#aliasesByHostname = aliasesByHostname(listener);
    this.#port = port;
  }

  build(groups: readonly HostGroup[]): readonly PortHost[] {
    const known = new Set(
      groups.flatMap((group) => group.services.flatMap(({ service }) => [service.hostname, domainName(service.hostname, group.port)])),
    );
    return groups.flatMap((group) => [
      ...group.hosts.flatMap((host) => this.#add(group, host, this.#ruleDomains(host, group.port))),
      ...group.services.flatMap((service) => {
        const domains = hostDomains(
          service.service,
          this.#aliasesByHostname.get(service.service.hostname) ?? [],
          this.#view.node,
          this.#usesPorts() ? group.port : null,
        );
        return this.#add(
          group,
          service.service.hostname,
          domains.all.filter((domain) => !(domains.short.has(domain) && known.has(domain))),
        );
      }),
    ]);
  }

  #add(group: HostGroup, host: string, domains: readonly string[]): PortHost[] {
    const name = domainName(host, group.port);
    if (this.#names.has(name)) return [];
    this.#names.add(name);
    const free = domains.filter((domain) => {
      const lower = domain.toLowerCase();
      if (this.#domains.has(lower)) return false;
      this.#domains.add(lower);
      return true;
    });
    if (free.length === 0) return [];
    return [{ port: group.port, host: { name, domains: free, routes: [...group.routes], includeRequestAttemptCount: true } }];
  }

  #ruleDomains(host: string, port: number): readonly string[] {
    return this.#usesPorts() ? [bracketed(host), domainName(host, port)] : [bracketed(host)];
  }

  /** With one port per route configuration the port in `Host` can be ignored. */
  #usesPorts(): boolean {
    return this.#port === 0 || this.#view.node.generator === 'grpc';
  }
}

/** Names of ExternalName services, by the host they stand for. */
function aliasesByHostname(listener: EgressListener): ReadonlyMap<string, readonly string[]> {
  const aliases = new Map<string, string[]>();
  for (const { service } of listener.services) {
    if (service.externalName === null) continue;
    const list = aliases.get(service.externalName);
    if (list) list.push(service.hostname);
    else aliases.set(service.externalName, [service.hostname]);
  }
  return aliases;
}

/** On a proxy listener a bare host means port 80; other ports are reached by naming them. */
function mergePorts(hosts: readonly PortHost[]): readonly VirtualHostJson[] {
  return hosts.flatMap(({ port, host }) => {
    if (port === 80) return [host];
    const domains = (host.domains ?? []).filter((domain) => /:\d+$/.test(domain));
    return domains.length > 0 ? [{ ...host, domains }] : [];
  });
}

/** The virtual host of one sniffed service; alone in its route configuration it takes every `Host`. */
function hostsOfService(hosts: readonly PortHost[], name: string, hostname: string): readonly VirtualHostJson[] {
  const found = hosts.filter(({ host }) => host.domains?.some((domain) => domain === name || domain === hostname)).map(({ host }) => host);
  return found.length === 1 ? found.map((host) => ({ ...host, domains: ['*'] })) : found;
}

/** What happens to requests for hosts that nobody has. */
function catchAllHost(view: ProxyView): VirtualHostJson {
  const { mode, egressProxy } = view.scope.outboundTrafficPolicy;
  if (mode === 'REGISTRY_ONLY') {
    const routes: RouteJson[] = [{ name: 'block_all', match: { prefix: '/' }, directResponse: { status: 502 } }];
    return { name: 'block_all', domains: ['*'], routes, includeRequestAttemptCount: true };
  }
  const unknown = resolvesUnknownHosts(view) ? anyDynamicDnsCluster : passthroughCluster;
  const cluster = egressProxy ? outboundClusterName(egressProxy.host, egressProxy.port, egressProxy.subset) : unknown;
  const routes: RouteJson[] = [{ name: 'allow_any', match: { prefix: '/' }, route: { cluster, ...timeoutFields(undefined, view.node) } }];
  return { name: 'allow_any', domains: ['*'], routes, includeRequestAttemptCount: true };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
