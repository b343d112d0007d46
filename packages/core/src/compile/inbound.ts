import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { TransportSocketJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { FilterChainJson, FilterJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ListenerJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_pb';
import type { RouteConfigurationJson } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import type { TcpProxyJson } from '@weft/envoy-api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { type MtlsMode, mtlsSettingForPort } from '../mesh/peer-authentication.ts';
import type { ProxyView } from '../mesh/proxy-view.ts';
import { accessLogs, listenerAccessLogs } from './access-log.ts';
import { bufferLimit, connectionSettings } from './connection-settings.ts';
import { meshTransportSocket, serverTransportSocket } from './downstream-tls.ts';
import { networkFilters, networkFiltersBeforeHttp } from './filter-order.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { inboundClusters } from './inbound-clusters.ts';
import { type InboundChain, inboundChains, ownTlsChains } from './inbound-match.ts';
import { type InboundPort, inboundPorts, wildcardAddress } from './inbound-port.ts';
import type { FilterPlace } from './listener-class.ts';
import { inspectors, originalDestinationFilter } from './listener-filters.ts';
import { protoDuration } from './proto-duration.ts';
import { provenance } from './provenance.ts';
import { inboundRetryPolicy } from './retry-policy.ts';
import { typedConfig } from './typed-config.ts';

/** Listeners and clusters for the traffic that a sidecar's workload receives. */
export interface InboundConfiguration {
  readonly listeners: readonly ListenerJson[];
  readonly clusters: readonly ClusterJson[];
}

/** Name of the listener that captured inbound connections arrive at. */
const virtualInbound = 'virtualInbound';
const passthroughCluster = 'InboundPassthroughCluster';

/** Compiles what a sidecar receives: a listener for every port that is bound, and `virtualInbound` for captured traffic. */
export function compileInbound(view: ProxyView): InboundConfiguration {
  const ports = inboundPorts(view);
  const bound = ports.filter((port) => port.isBound);
  const captured = ports.filter((port) => !port.isBound);
  const listeners = bound.map((port) => boundListener(view, port));
  if (view.node.interceptionMode !== 'NONE') listeners.push(virtualListener(view, captured));
  return { listeners, clusters: inboundClusters(view, ports) };
}

function boundListener(view: ProxyView, port: InboundPort): ListenerJson {
  return inboundListener(view, `${port.bind}_${port.number}`, { address: port.bind, portValue: port.number }, portChains(view, port));
}

function virtualListener(view: ProxyView, captured: readonly InboundPort[]): ListenerJson {
  const port = view.settings.meshConfig.proxyInboundListenPort;
  const chains = [...passthroughChains(view, captured), ...captured.flatMap((inbound) => portChains(view, inbound))];
  const listener = inboundListener(view, virtualInbound, { address: wildcardAddress(view), portValue: port }, chains);
  return {
    ...listener,
    listenerFilters: [originalDestinationFilter, ...(listener.listenerFilters ?? [])],
    ...(view.node.interceptionMode === 'TPROXY' && { transparent: true }),
  };
}

function inboundListener(
  view: ProxyView,
  name: string,
  socketAddress: { readonly address: string; readonly portValue: number },
  filterChains: FilterChainJson[],
): ListenerJson {
  const logs = listenerAccessLogs(view, 'sidecar-inbound');
  return {
    name,
    address: { socketAddress },
    filterChains,
    listenerFilters: inspectors(filterChains),
    listenerFiltersTimeout: protoDuration(view.settings.meshConfig.protocolDetectionTimeout, '0s'),
    continueOnListenerFiltersTimeout: true,
    trafficDirection: 'INBOUND',
    ...bufferLimit(connectionSettings(view).listenerPerConnectionBufferLimitBytes),
    ...(logs.length > 0 && { accessLog: logs }),
  };
}

/** How one chain of a port is named and where it leads. */
interface ChainTarget {
  readonly cluster: string;
  readonly statPrefix: string;
  readonly name: (traffic: InboundChain['traffic']) => string;
  readonly port: number;
  readonly servicePort: number;
  readonly protocol: InboundPort['protocol'];
  readonly hostname: string;
  readonly tls: InboundPort['tls'];
  readonly origin: InboundPort['origin'];
}

function portChains(view: ProxyView, port: InboundPort): FilterChainJson[] {
  const { mode } = mtlsSettingForPort(view.policies.security.peerAuthentication, port.number);
  const name = `${port.bind}_${port.number}`;
  const target: ChainTarget = {
    cluster: `inbound|${port.number}||`,
    statPrefix: `inbound_${name};`,
    name: () => name,
    port: port.number,
    servicePort: port.servicePort,
    protocol: port.protocol,
    hostname: port.hostname,
    tls: port.tls,
    origin: port.origin,
  };
  // A Sidecar listener's own TLS replaces mesh TLS, so it counts only where mesh TLS is switched off.
  const chains = port.tls !== null && mode === 'DISABLE' ? ownTlsChains(port.protocol) : inboundChains(mode, port.protocol);
  return chains.map((chain) => filterChain(view, chain, target));
}

/** Chains for connections to ports that nothing declares, and a dead end for those to the listener's own port, which would loop. */
function passthroughChains(view: ProxyView, captured: readonly InboundPort[]): FilterChainJson[] {
  const { peerAuthentication } = view.policies.security;
  const declared = new Set(
    view.scope.ingress ? view.scope.ingress.map((listener) => listener.port?.number) : captured.map((port) => port.number),
  );
  const undeclared = [...peerAuthentication.ports].filter(([port]) => !declared.has(port)).sort(([a], [b]) => a - b);
  const chains = [
    ...passthrough(view, 0, peerAuthentication.mode),
    ...undeclared.flatMap(([port, setting]) => passthrough(view, port, setting.mode)),
  ];
  return [blackHoleChain(view), ...chains];
}

function passthrough(view: ProxyView, port: number, mode: MtlsMode): FilterChainJson[] {
  const target: ChainTarget = {
    cluster: passthroughCluster,
    statPrefix: passthroughCluster,
    name: (traffic) => (traffic === 'http' ? 'virtualInbound-catchall-http' : virtualInbound),
    port,
    servicePort: 0,
    protocol: 'auto',
    hostname: '',
    tls: null,
    origin: null,
  };
  return inboundChains(mode, 'auto').map((chain) => filterChain(view, chain, target));
}

function blackHoleChain(view: ProxyView): FilterChainJson {
  return {
    name: 'virtualInbound-blackhole',
    filterChainMatch: { destinationPort: view.settings.meshConfig.proxyInboundListenPort },
    filters: [tcpProxyFilter({ statPrefix: 'BlackHoleCluster', cluster: 'BlackHoleCluster' })],
  };
}

function filterChain(view: ProxyView, chain: InboundChain, target: ChainTarget): FilterChainJson {
  const filterChainMatch = { ...(target.port > 0 && { destinationPort: target.port }), ...chain.match };
  const socket = transportSocket(view, chain, target);
  return {
    ...(Object.keys(filterChainMatch).length > 0 && { filterChainMatch }),
    filters: chain.traffic === 'http' ? httpChain(view, target) : tcpChain(view, target),
    ...(socket && { transportSocket: socket }),
    name: target.name(chain.traffic),
    ...(target.origin && { metadata: provenance(target.origin.ref, target.origin.path) }),
  };
}

function transportSocket(view: ProxyView, chain: InboundChain, target: ChainTarget): TransportSocketJson | null {
  if (chain.tls === 'mesh') return meshTransportSocket(view, chain.traffic);
  return chain.tls === 'server' && target.tls !== null ? serverTransportSocket(view, target.tls, chain.traffic) : null;
}

function httpChain(view: ProxyView, target: ChainTarget): FilterJson[] {
  const place = placeOf(target);
  const routes = inboundRoutes(view, target);
  return [...networkFiltersBeforeHttp(view, place), httpConnectionManager(view, { place, statPrefix: target.statPrefix, routes })];
}

function tcpChain(view: ProxyView, target: ChainTarget): FilterJson[] {
  const logs = accessLogs(view, 'sidecar-inbound', 'tcp');
  const proxy: TcpProxyJson = { statPrefix: target.cluster, cluster: target.cluster, ...(logs.length > 0 && { accessLog: logs }) };
  return [...networkFilters(view, placeOf(target)), tcpProxyFilter(proxy)];
}

function placeOf(target: ChainTarget): FilterPlace {
  return { listenerClass: 'sidecar-inbound', protocol: target.protocol, port: target.port };
}

function tcpProxyFilter(config: TcpProxyJson): FilterJson {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typedConfig: typedConfig('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', config),
  };
}

/** Everything goes to the workload, without a timeout; a request that was surely not begun is tried again. */
function inboundRoutes(view: ProxyView, target: ChainTarget): RouteConfigurationJson {
  const retries = target.protocol === 'GRPC' ? undefined : inboundRetryPolicy(view.settings.meshConfig.defaultInboundHttpRetryPolicy);
  const host = target.hostname === '' ? '' : target.hostname;
  return {
    name: target.cluster,
    virtualHosts: [
      {
        name: `inbound|http|${target.servicePort}`,
        domains: ['*'],
        routes: [
          {
            name: 'default',
            match: { prefix: '/' },
            decorator: { operation: `${host}:${target.servicePort}/*` },
            route: {
              cluster: target.cluster,
              timeout: '0s',
              ...(retries ? { retryPolicy: retries } : {}),
              maxStreamDuration: { maxStreamDuration: '0s', grpcTimeoutHeaderMax: '0s' },
            },
          },
        ],
      },
    ],
    validateClusters: false,
  };
}
