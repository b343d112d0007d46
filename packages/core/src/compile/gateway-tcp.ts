import type { FilterChainJson, FilterJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { TcpProxyJson } from '@weft/envoy-api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { hostMatches, hostSubsetOf } from '../base/hosts.ts';
import type { GatewayServer } from '../mesh/gateway-servers.ts';
import type { ProxyView, ServiceView } from '../mesh/proxy-view.ts';
import type { TcpRouteSpec, TlsRouteSpec, VirtualServiceRules } from '../mesh/virtual-service.ts';
import { outboundServerName } from '../snapshot/names.ts';
import { accessLogs } from './access-log.ts';
import { networkFilters } from './filter-order.ts';
import { hostsForNamespace, virtualServicesOf } from './gateway-routes.ts';
import { provenance } from './provenance.ts';
import { destinationCluster } from './route-action.ts';
import { typedConfig } from './typed-config.ts';

type TcpDestinations = NonNullable<TcpRouteSpec['route']>;

/** The ALPN names that only mesh proxies use, so that nothing without mesh mTLS passes a server that forwards by mesh names. */
const meshAlpn = ['istio-peer-exchange', 'istio', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'];

/** The filters of a server that forwards bytes: the first `tcp` route of its VirtualServices that fits. Empty when none does. */
export function tcpFilters(view: ProxyView, server: GatewayServer, port: number): FilterJson[] {
  for (const rules of matchingRules(view, server)) {
    for (const { spec } of [...rules.tcp, ...(rules.semantics === 'gateway-api' ? rules.tls : [])]) {
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
  const taken = new Set<string>();
  return matchingRules(view, server).flatMap((rules) =>
    rules.tls.flatMap((rule) =>
      (rule.spec.match ?? []).flatMap((match): FilterChainJson[] => {
        const names = [...new Set((match?.sniHosts ?? []).map((name) => name.toLowerCase()))].sort();
        if (!match || !rule.spec.route?.length || !l4Fits(match, server)) return [];
        // Envoy refuses two chains for one server name: the older rule keeps it.
        if (names.some((name) => taken.has(name))) return [];
        for (const name of names) taken.add(name);
        const filters = destinationFilters(view, rule.spec.route, server, port);
        return [{ ...serverNameMatch(names), filters, metadata: provenance(rule.ref, rule.path) }];
      }),
    ),
  );
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
  const [only, ...others] = destinations;
  const weighted = destinations.filter((entry) => (entry?.weight ?? 0) > 0);
  const target: TcpProxyJson =
    only && others.length === 0
      ? { statPrefix: clusterOf(only), cluster: clusterOf(only) }
      : {
          statPrefix: server.gateway,
          weightedClusters: { clusters: weighted.map((entry) => ({ name: clusterOf(entry), weight: entry?.weight ?? 0 })) },
        };
  return [...networkFilters(view, { listenerClass: 'gateway', protocol: server.protocol, port }), tcpProxy(view, target)];
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
          filters: [tcpProxy(view, { statPrefix: name, cluster: name })],
        };
      }),
    );
}

function tcpProxy(view: ProxyView, config: TcpProxyJson): FilterJson {
  const logs = accessLogs(view, 'gateway');
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typedConfig: typedConfig('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
      ...config,
      ...(logs.length > 0 && { accessLog: logs }),
    }),
  };
}
