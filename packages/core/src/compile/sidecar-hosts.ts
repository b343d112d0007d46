import type { RouteJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import { hostMatches, isWildcardHost } from '../base/hosts.ts';
import { isHttpOrAuto } from '../mesh/port-protocol.ts';
import type { EgressListener, ProxyView, ServiceView } from '../mesh/proxy-view.ts';
import { onlyPort } from '../mesh/service-merge.ts';
import type { VirtualServiceRules } from '../mesh/virtual-service.ts';
import { outboundClusterName } from '../snapshot/names.ts';
import { serviceHashPolicy } from './hash-policy.ts';
import { HostBuilder, type HostGroup, type PortHost } from './host-builder.ts';
import { httpRoutes, type RouteContext } from './http-route.ts';
import { proxyHeaders } from './proxy-config.ts';
import { retryPolicy } from './retry-policy.ts';
import { timeoutFields } from './route-action.ts';
import { mostSpecificRules } from './wildcard-index.ts';

const meshGateway: ReadonlySet<string> = new Set(['mesh']);

/** The virtual hosts of a listener port; of all ports for port 0. */
export function virtualHosts(view: ProxyView, listener: EgressListener, port: number): readonly PortHost[] {
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
    tellsForwardedHost: proxyHeaders(view).xForwardedHost?.enabled === true,
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
