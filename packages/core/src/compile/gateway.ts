import type { FilterChainJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ListenerJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_pb';
import type { RouteConfigurationJson } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import type { HttpConnectionManagerJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { type GatewayPort, type GatewayServer, isHttpServer, isPassthrough } from '../mesh/gateway-servers.ts';
import { isHttp } from '../mesh/port-protocol.ts';
import type { ProxyView } from '../mesh/proxy-view.ts';
import { listenerAccessLogs } from './access-log.ts';
import { bufferLimit, connectionSettings } from './connection-settings.ts';
import { serverTransportSocket } from './downstream-tls.ts';
import { gatewayRoutes } from './gateway-routes.ts';
import { openedTlsChains, passthroughChains, tcpFilters } from './gateway-tcp.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { wildcardAddress } from './inbound-port.ts';
import { proxyProtocolFilter, tlsInspectorFilter } from './listener-filters.ts';
import { provenance } from './provenance.ts';
import { clientCertDetails, gatewayTopology } from './proxy-config.ts';

/** Listeners and route configurations of a gateway proxy. */
export interface GatewayConfiguration {
  readonly listeners: readonly ListenerJson[];
  readonly routes: readonly RouteConfigurationJson[];
}

/** Compiles the Gateways that a router serves: one listener for each port and address, one route configuration for each HTTP server or port. */
export function compileGateway(view: ProxyView): GatewayConfiguration {
  const merged = view.policies.gateway;
  if (merged === null) return { listeners: [], routes: [] };
  const chainsByListener = new Map<string, { readonly port: GatewayPort; readonly chains: FilterChainJson[] }>();
  for (const port of merged.ports) {
    if (port.number < 1024 && view.node.isUnprivileged) continue;
    const name = `${port.bind || wildcardAddress(view)}_${port.number}`;
    const chains = portChains(view, port, name);
    const known = chainsByListener.get(name);
    if (known) known.chains.push(...chains);
    else chainsByListener.set(name, { port, chains });
  }
  const listeners = [...chainsByListener].flatMap(([name, { port, chains }]) => gatewayListener(view, name, port, chains));
  const routes = [...merged.serversByRouteName].map(([name, servers]) => gatewayRoutes(view, name, servers));
  return { listeners, routes };
}

/** A gateway on the loopback address, as on a laptop, takes connections from nowhere else. */
function listenAddress(view: ProxyView): string {
  const { ip } = view.node;
  return ip === '::1' || /^127\./.test(ip) ? ip : wildcardAddress(view);
}

/** A listener without any chain would be refused, so a port whose servers lead nowhere is not opened. */
function gatewayListener(view: ProxyView, name: string, port: GatewayPort, chains: readonly FilterChainJson[]): ListenerJson[] {
  const filterChains = withoutRepeatedMatches(chains);
  if (filterChains.length === 0) return [];
  const needsTls = filterChains.some((chain) => chain.transportSocket || chain.filterChainMatch);
  const listenerFilters = [
    ...(gatewayTopology(view).proxyProtocol ? [proxyProtocolFilter] : []),
    ...(needsTls ? [tlsInspectorFilter] : []),
  ];
  const logs = listenerAccessLogs(view, 'gateway');
  const listener: ListenerJson = {
    name,
    address: { socketAddress: { address: port.bind || listenAddress(view), portValue: port.number } },
    filterChains,
    ...(listenerFilters.length > 0 && { listenerFilters }),
    trafficDirection: 'OUTBOUND',
    ...bufferLimit(connectionSettings(view).listenerPerConnectionBufferLimitBytes),
    ...(logs.length > 0 && { accessLog: logs }),
  };
  return [listener];
}

function portChains(view: ProxyView, port: GatewayPort, listenerName: string): FilterChainJson[] {
  const [first] = port.servers;
  if (first && isHttp(port.protocol)) return [httpChain(view, first, port, listenerName)];
  return port.servers.flatMap((server) => serverChains(view, server, port, listenerName));
}

function serverChains(view: ProxyView, server: GatewayServer, port: GatewayPort, listenerName: string): FilterChainJson[] {
  if (isHttpServer(server)) return [httpChain(view, server, port, listenerName)];
  if (isPassthrough(server.spec)) return passthroughChains(view, server, port.number);
  const tls = tlsFields(view, server, 'tcp');
  const byName = openedTlsChains(view, server, port.number).map((chain) => ({ ...tls, ...chain }));
  const filters = tcpFilters(view, server, port.number);
  if (filters.length === 0) return byName;
  return [...byName, { ...tls, filters, metadata: provenance(server.ref, server.path) }];
}

function httpChain(view: ProxyView, server: GatewayServer, port: GatewayPort, listenerName: string): FilterChainJson {
  const place = { listenerClass: 'gateway' as const, protocol: server.protocol, port: port.number };
  const statPrefix = (!isHttp(server.protocol) && server.spec.name) || `outbound_${listenerName};`;
  const manager = httpConnectionManager(view, { place, statPrefix, routes: server.routeName, overrides: topologyFields(view) });
  const isTls = !isHttp(server.protocol);
  return {
    ...(isTls && tlsFields(view, server, 'http')),
    filters: [manager],
    ...(isTls && { metadata: provenance(server.ref, server.path) }),
  };
}

function tlsFields(view: ProxyView, server: GatewayServer, traffic: 'http' | 'tcp'): FilterChainJson {
  if (server.spec.tls === undefined) return {};
  const socket = serverTransportSocket(view, server.spec.tls, traffic);
  const serverNames = matchableServerNames(server.sniHosts);
  return {
    ...(serverNames.length > 0 && { filterChainMatch: { serverNames } }),
    ...(socket && { transportSocket: socket }),
  };
}

/** Envoy knows names and `*.suffix` as server names; other wildcards cannot be told apart by SNI. */
function matchableServerNames(names: readonly string[]): string[] {
  return names.filter((name) => !name.includes('*') || /^\*\.[^*]+$/.test(name));
}

/** How many proxies stand in front, and what becomes of a client certificate that they forward. */
function topologyFields(view: ProxyView): HttpConnectionManagerJson {
  const { numTrustedProxies, forwardClientCertDetails } = gatewayTopology(view);
  const details = clientCertDetails(forwardClientCertDetails);
  return {
    ...(numTrustedProxies && { xffNumTrustedHops: numTrustedProxies }),
    ...(details && { forwardClientCertDetails: details }),
    ...(details && details !== 'APPEND_FORWARD' && details !== 'SANITIZE_SET' && { setCurrentClientCertDetails: {} }),
  };
}

/** Envoy refuses a listener in which two chains have one match; the first stays. */
function withoutRepeatedMatches(chains: readonly FilterChainJson[]): FilterChainJson[] {
  const seen = new Set<string>();
  return chains.filter((chain) => {
    const names = chain.filterChainMatch?.serverNames ?? ['*'];
    const protocols = (chain.filterChainMatch?.applicationProtocols ?? []).join();
    const keys = names.map((name) => `${name}|${protocols}`);
    if (keys.some((key) => seen.has(key))) return false;
    for (const key of keys) seen.add(key);
    return true;
  });
}
