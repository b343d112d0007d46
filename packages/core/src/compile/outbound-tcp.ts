import { hostMatches } from '../base/hosts.ts';
import { selectsLabels } from '../base/labels.ts';
import { isTls } from '../mesh/port-protocol.ts';
import type { ProxyView, ServiceView } from '../mesh/proxy-view.ts';
import type { Rule, TcpRouteSpec, TlsRouteSpec, VirtualServiceRules } from '../mesh/virtual-service.ts';
import { outboundClusterName } from '../snapshot/names.ts';
import { networkFilters } from './filter-order.ts';
import type { FilterChainPlan, ListenRequest } from './outbound-entry.ts';
import { provenance } from './provenance.ts';
import { destinationCluster } from './route-action.ts';
import { serviceAddresses, wildcardOf } from './service-addresses.ts';
import { tcpProxy } from './tcp-proxy.ts';
import { shortNames } from './virtual-host-domains.ts';

/** The filter chains through which bytes for a service port are forwarded: by the rules of VirtualServices, else to the service itself. */
export function tcpChains(view: ProxyView, place: TcpPlace): FilterChainPlan[] {
  const { request } = place;
  const rules = request.virtualServices.filter((candidate) =>
    candidate.hosts.some((host) => hostMatches(host, request.service.service.hostname)),
  );
  return isTls(request.port.protocol) ? tlsChains(view, place, rules) : plainChains(view, place, rules);
}

interface TcpPlace {
  readonly request: ListenRequest;
  /** Networks of the service, where the listener is for all addresses. */
  readonly cidrs: readonly string[];
  readonly bind: string;
}

/** By server name. Of conditions that are the same at run time the first ones that concern the proxy count. */
function tlsChains(view: ProxyView, place: TcpPlace, rules: readonly VirtualServiceRules[]): FilterChainPlan[] {
  const chains: FilterChainPlan[] = [];
  const seen = new Set<string>();
  let { cidrs } = place;
  for (const { tls, ref } of rules) {
    for (const rule of tls) {
      for (const [index, match] of (rule.spec.match ?? []).entries()) {
        if (!concernsProxy(view, match, place.request.port.number)) continue;
        const subnets = match.destinationSubnets ?? [];
        if (subnets.length > 0 && place.request.port.number > 0) cidrs = subnets;
        const key = `${(match.sniHosts ?? []).join()}|${subnets.join()}`;
        if (seen.has(key)) continue;
        seen.add(key);
        const chain = ruleChain(view, place, { rule, ref, path: `${rule.path}.match[${index}]`, cidrs });
        if (chain) chains.push({ ...chain, serverNames: match.sniHosts ?? [] });
      }
    }
  }
  if (chains.length > 0) return chains;
  return [{ ...serviceChain(view, place), serverNames: serverNames(view, place) }];
}

/** In order, up to the first rule without a condition on the destination. */
function plainChains(view: ProxyView, place: TcpPlace, rules: readonly VirtualServiceRules[]): FilterChainPlan[] {
  const chains: FilterChainPlan[] = [];
  let isServiceTaken = false;
  for (const { tcp, ref } of rules) {
    for (const rule of tcp) {
      const matches = rule.spec.match ?? [];
      const concerning = matches.filter((match) => concernsProxy(view, match, place.request.port.number));
      const isTerminal =
        matches.length === 0 ||
        concerning.some((match) => (match.destinationSubnets ?? []).length === 0 || place.request.port.number === 0);
      if (isTerminal) {
        const chain = ruleChain(view, place, { rule, ref, path: rule.path, cidrs: place.cidrs });
        return chain ? [...chains, chain] : chains;
      }
      const subnets = concerning.flatMap((match) => match.destinationSubnets ?? []);
      if (subnets.length === 0) continue;
      const chain = ruleChain(view, place, { rule, ref, path: rule.path, cidrs: subnets });
      if (chain) chains.push(chain);
      isServiceTaken ||= [...subnets].sort().join() === [...place.cidrs].sort().join();
    }
  }
  return isServiceTaken ? chains : [...chains, serviceChain(view, place)];
}

type L4Match = NonNullable<TlsRouteSpec['match']>[number] & NonNullable<TcpRouteSpec['match']>[number];

function concernsProxy(view: ProxyView, match: Partial<L4Match>, port: number): boolean {
  const gateways = match.gateways ?? [];
  return (
    (gateways.length === 0 || gateways.includes('mesh')) &&
    selectsLabels(match.sourceLabels, view.node.labels) &&
    (!match.port || match.port === port) &&
    (!match.sourceNamespace || match.sourceNamespace === view.node.namespace)
  );
}

interface RuleChain {
  readonly rule: Rule<TcpRouteSpec> | Rule<TlsRouteSpec>;
  readonly ref: VirtualServiceRules['ref'];
  readonly path: string;
  readonly cidrs: readonly string[];
}

function ruleChain(view: ProxyView, place: TcpPlace, { rule, ref, path, cidrs }: RuleChain): FilterChainPlan | null {
  const destinations = rule.spec.route ?? [];
  const [first] = destinations;
  if (!first) return null;
  const { port } = place.request;
  const context = { port: port.number, serviceByHostname: view.serviceByHostname };
  const policy = view.serviceByHostname.get(first.destination?.host ?? '')?.policy ?? null;
  const filters = networkFilters(view, { listenerClass: 'sidecar-outbound', protocol: port.protocol, port: port.number });
  const weighted = destinations
    .filter((entry) => (entry.weight ?? 0) > 0)
    .map((entry) => ({ name: destinationCluster(entry.destination, context), weight: entry.weight ?? 0 }));
  if (destinations.length > 1 && weighted.length === 0) return null;
  const cluster = destinationCluster(first.destination, context);
  const subset = first.destination?.subset ?? '';
  const proxy =
    destinations.length === 1
      ? tcpProxy(view, { statPrefix: cluster, cluster, policy, subset })
      : tcpProxy(view, { statPrefix: `${ref.name}.${ref.namespace}`, weightedClusters: weighted, policy });
  return plan({ cidrs, filters: [...filters, proxy], metadata: provenance(rule.ref, path) });
}

/** A Sidecar's port may differ from the service's: then a service with one port is meant by it. */
function serviceChain(view: ProxyView, place: TcpPlace): FilterChainPlan {
  const { service, policy } = place.request.service;
  const { port } = place.request;
  const [only, ...others] = service.ports;
  const cluster = outboundClusterName(service.hostname, only && others.length === 0 ? only.number : port.number);
  const filters = networkFilters(view, { listenerClass: 'sidecar-outbound', protocol: port.protocol, port: port.number });
  return plan({ cidrs: place.cidrs, filters: [...filters, tcpProxy(view, { statPrefix: cluster, cluster, policy })], metadata: null });
}

function plan(made: Pick<FilterChainPlan, 'cidrs' | 'filters' | 'metadata'>): FilterChainPlan {
  return { serverNames: [], applicationProtocols: [], transportProtocol: '', routeName: null, ...made };
}

/** The server name tells services apart only where their addresses do not. */
function serverNames(view: ProxyView, place: TcpPlace): readonly string[] {
  const { service } = place.request.service;
  const hasOwnAddress = serviceAddresses(service, view.node).some((address) => !address.includes('/'));
  if (place.cidrs.length === 0 && (hasOwnAddress || place.bind !== wildcardOf(view.node))) return [];
  return [service.hostname, ...aliasNames(view, place.request.service)];
}

function aliasNames(view: ProxyView, { service }: ServiceView): readonly string[] {
  return view.services.flatMap(({ service: candidate }) =>
    candidate.externalName === service.hostname ? [candidate.hostname, ...shortNames(candidate.hostname, view.node.dnsDomain)] : [],
  );
}
