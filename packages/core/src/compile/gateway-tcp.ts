import type { FilterChainJson, FilterJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import { hostMatches, hostSubsetOf } from '../base/hosts.ts';
import type { GatewayServer } from '../mesh/gateway-servers.ts';
import type { ProxyView, ServiceView } from '../mesh/proxy-view.ts';
import type { TcpRouteSpec, TlsRouteSpec, VirtualServiceRules } from '../mesh/virtual-service.ts';
import { outboundServerName } from '../snapshot/names.ts';
import { networkFilters } from './filter-order.ts';
import { hostsForNamespace, sharedHosts, virtualServicesOf } from './gateway-routes.ts';
import { provenance } from './provenance.ts';
import { destinationCluster } from './route-action.ts';
import { type TcpProxyOptions, tcpProxy } from './tcp-proxy.ts';

type TcpDestinations = NonNullable<TcpRouteSpec['route']>;

/** The ALPN names that only mesh proxies use, so that nothing without mesh mTLS passes a server that forwards by mesh names. */
const meshAlpn = ['istio-peer-exchange', 'istio', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'];

/** The filters of a server that forwards bytes: the first `tcp` route of its VirtualServices that fits. Empty when none does. */
export function tcpFilters(view: ProxyView, server: GatewayServer, port: number): FilterJson[] {
  for (const rules of matchingRules(view, server)) {
    for (const { spec } of rules.tcp) {
      const matches: readonly L4Match[] = spec.match ?? [];
      const fits = matches.length === 0 || matches.some((match) => l4Fits(match, server));
      if (fits && spec.route && spec.route.length > 0) return destinationFilters(view, spec.route, server, port);
    }
  }
  return [];
}

/** The chains of a server that forwards TLS unopened: by the SNI of `tls` routes, or by mesh names for AUTO_PASSTHROUGH. */
export function passthroughChains(view: ProxyView, server: GatewayServer, port: number): FilterChainJson[] {
  if (server.spec.tls?.mode === 'AUTO_PASSTHROUGH') return view.services.flatMap((service) => meshNameChains(view, service, server));
  return serverNameChains(view, server, port, matchingRules(view, server));
}

/** The chains of a server that opens TLS and forwards what is in it by server name, as only TLSRoutes ask for. */
export function openedTlsChains(view: ProxyView, server: GatewayServer, port: number): FilterChainJson[] {
  const rules = matchingRules(view, server).filter(({ semantics }) => semantics === 'gateway-api');
  return serverNameChains(view, server, port, rules);
}

function serverNameChains(view: ProxyView, server: GatewayServer, port: number, list: readonly VirtualServiceRules[]): FilterChainJson[] {
  const taken = new Set<string>();
  return list.flatMap((rules) => {
    // A TLSRoute is limited to the names of the listener; what a VirtualService names is taken as it is.
    const shared = rules.semantics === 'gateway-api' ? sharedHosts(hostsForNamespace(server, rules.ref.namespace), rules.hosts) : null;
    return rules.tls.flatMap((rule) =>
      (rule.spec.match ?? []).flatMap((match): FilterChainJson[] => {
        const names = [...new Set((shared ?? match?.sniHosts ?? []).map((name) => name.toLowerCase()))].sort();
        if (!match || !rule.spec.route?.length || !l4Fits(match, server)) return [];
        // Envoy refuses two chains for one server name: the older rule keeps it.
        if (names.some((name) => taken.has(name))) return [];
        for (const name of names) taken.add(name);
        const filters = destinationFilters(view, rule.spec.route, server, port);
        return [{ ...serverNameMatch(names), filters, metadata: provenance(rule.ref, rule.path) }];
      }),
    );
  });
}

type L4Match = NonNullable<TcpRouteSpec['match']>[number] | NonNullable<TlsRouteSpec['match']>[number];

function l4Fits(match: L4Match, server: GatewayServer): boolean {
  if (match?.port && match.port !== server.port) return false;
  const gateways = match?.gateways ?? [];
  const short = server.gateway.slice(server.gateway.indexOf('/') + 1);
  return gateways.length === 0 || gateways.includes(server.gateway) || gateways.includes(short);
}

function matchingRules(view: ProxyView, server: GatewayServer): readonly VirtualServiceRules[] {
  return virtualServicesOf(view, server).filter((rules) => {
    const hosts = hostsForNamespace(server, rules.ref.namespace);
    return rules.hosts.some((host) => hosts.some((serverHost) => hostMatches(serverHost, host)));
  });
}

function serverNameMatch(names: readonly string[]): FilterChainJson {
  return names.length === 0 || names.includes('*') ? {} : { filterChainMatch: { serverNames: [...names] } };
}

function destinationFilters(view: ProxyView, destinations: TcpDestinations, server: GatewayServer, port: number): FilterJson[] {
  const context = { port: server.port, serviceByHostname: view.serviceByHostname };
  const clusterOf = (entry: TcpDestinations[number]) => destinationCluster(entry?.destination, context);
  const weighted = destinations.filter((entry) => (entry?.weight ?? 0) > 0);
  const place = { listenerClass: 'gateway' as const, protocol: server.protocol, port };
  // One destination takes everything whatever its weight; Envoy refuses a list of weights that come to nothing.
  const only = weighted.length > 1 ? undefined : (weighted[0] ?? destinations[0]);
  const target: TcpProxyOptions = only
    ? { statPrefix: clusterOf(only), cluster: clusterOf(only), ...policyOf(view, only) }
    : { statPrefix: server.gateway, weightedClusters: weighted.map((entry) => ({ name: clusterOf(entry), weight: entry?.weight ?? 0 })) };
  return [...networkFilters(view, place), tcpProxy(view, { ...target, listenerClass: 'gateway' })];
}

function policyOf(view: ProxyView, entry: TcpDestinations[number]): Pick<TcpProxyOptions, 'policy' | 'subset'> {
  const { host = '', subset = '' } = entry?.destination ?? {};
  return { policy: view.serviceByHostname.get(host)?.policy ?? null, subset };
}

/** Nothing but forwarding: authorization is the business of the proxy where the TLS ends. */
function meshNameChains(view: ProxyView, { service, policy }: ServiceView, server: GatewayServer): FilterChainJson[] {
  const served = server.sniHosts.length === 0 || server.sniHosts.some((host) => hostSubsetOf(service.hostname, host));
  if (!served || service.isMeshExternal) return [];
  const subsets = ['', ...(policy?.subsets ?? []).map((subset) => subset.name)];
  return service.ports
    .filter((port) => port.protocol !== 'UDP')
    .flatMap((port) =>
      subsets.map((subset): FilterChainJson => {
        const name = outboundServerName(service.hostname, port.number, subset);
        return {
          filterChainMatch: { serverNames: [name], applicationProtocols: [...meshAlpn] },
          filters: [tcpProxy(view, { statPrefix: name, cluster: name, listenerClass: 'gateway' })],
        };
      }),
    );
}
