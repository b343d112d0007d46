import type { AddressJson } from '@weft/envoy-api/envoy/config/core/v3/address_pb';
import type {
  FilterChainJson,
  FilterChainMatchJson,
  FilterJson,
  ListenerFilterJson,
} from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ListenerJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_pb';
import { formatDuration, parseDurationMs } from '../base/durations.ts';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { ServicePort } from '../mesh/service.ts';
import {
  blackHoleCluster,
  outboundClusterName,
  passthroughCluster,
  passthroughFilterChain,
  virtualOutboundListener,
} from '../snapshot/names.ts';
import { listenerAccessLogs } from './access-log.ts';
import { bufferLimit, connectionSettings } from './connection-settings.ts';
import { networkFilters } from './filter-order.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import type { FilterChainPlan, ListenerEntry } from './outbound-entry.ts';
import { wildcardOf } from './service-addresses.ts';
import { cidrRanges, socketAddress } from './socket-address.ts';
import { tcpProxy } from './tcp-proxy.ts';
import { typedConfig } from './typed-config.ts';

const tlsInspector: ListenerFilterJson = {
  name: 'envoy.filters.listener.tls_inspector',
  typedConfig: typedConfig('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
};
const httpInspector: ListenerFilterJson = {
  name: 'envoy.filters.listener.http_inspector',
  typedConfig: typedConfig('envoy.extensions.filters.listener.http_inspector.v3.HttpInspector', {}),
};

/** A filter chain with a connection manager that discovers its routes. */
export function httpChain(
  view: ProxyView,
  options: { readonly routeName: string; readonly port: ServicePort; readonly listenerName: string; readonly isHttpProxy: boolean },
): FilterChainPlan {
  const { routeName, port, listenerName, isHttpProxy } = options;
  const http1 = { ...(isHttpProxy ? { allowAbsoluteUrl: true } : {}), ...(view.node.acceptsHttp10 ? { acceptHttp10: true } : {}) };
  const { idleTimeoutMs } = view.node;
  const filter = httpConnectionManager(view, {
    place: { listenerClass: 'sidecar-outbound', protocol: port.protocol, port: port.number },
    statPrefix: `outbound_${listenerName}`,
    routes: routeName,
    overrides: {
      ...(Object.keys(http1).length > 0 ? { httpProtocolOptions: http1 } : {}),
      ...(idleTimeoutMs === null ? {} : { commonHttpProtocolOptions: { idleTimeout: formatDuration(idleTimeoutMs) } }),
    },
  });
  return { serverNames: [], cidrs: [], applicationProtocols: [], transportProtocol: '', filters: [filter], metadata: null, routeName };
}

/** Writes a listener out: inspectors where a condition needs them, the chain without conditions as the default. */
export function listenerFromEntry(view: ProxyView, entry: ListenerEntry): ListenerJson {
  const { binding, port, chains } = entry;
  const [bind = wildcardOf(view.node), ...others] = binding.addresses;
  const needsHttp = chains.some((chain) => chain.applicationProtocols.length > 0);
  const needsTls = needsHttp || chains.some((chain) => chain.serverNames.length > 0);
  const matchAll = chains.filter(isMatchAll);
  const conditional = chains.filter((chain) => !isMatchAll(chain)).map((chain) => filterChain(chain));
  const [fallback] = matchAll.map((chain) => filterChain(chain));
  const detectionMs = parseDurationMs(view.settings.meshConfig.protocolDetectionTimeout) ?? 0;
  return {
    name: `${bind}_${port}`,
    address: socketAddress(bind, port),
    ...(others.length > 0
      ? { additionalAddresses: others.map((address) => ({ address: socketAddress(address, port) as AddressJson })) }
      : {}),
    filterChains: conditional.length > 0 || !fallback ? conditional : [fallback],
    ...defaultChain(view, { conditional, fallback, entry }),
    ...(needsTls || needsHttp ? { listenerFilters: [tlsInspector, ...(needsHttp ? [httpInspector] : [])] } : {}),
    listenerFiltersTimeout: formatDuration(needsHttp ? detectionMs : 0),
    continueOnListenerFiltersTimeout: true,
    trafficDirection: 'OUTBOUND',
    ...(binding.bindsToPort ? {} : { bindToPort: false }),
    ...bufferLimit(connectionSettings(view).listenerPerConnectionBufferLimitBytes),
  };
}

/** The listener that redirected connections reach; it hands them to the listener of their destination, else forwards them as they are. */
export function virtualOutbound(view: ProxyView): ListenerJson {
  const { proxyListenPort } = view.settings.meshConfig;
  const logs = listenerAccessLogs(view, 'sidecar-outbound');
  const place = { listenerClass: 'sidecar-outbound', protocol: 'TCP', port: proxyListenPort } as const;
  return {
    name: virtualOutboundListener,
    address: socketAddress(wildcardOf(view.node), proxyListenPort),
    filterChains: [
      {
        // What is sent to the port itself would go round in circles.
        filterChainMatch: { destinationPort: proxyListenPort },
        filters: [...networkFilters(view, place), tcpProxy(view, { statPrefix: blackHoleCluster, cluster: blackHoleCluster })],
        name: 'virtualOutbound-blackhole',
      },
      { filters: catchAllFilters(view), name: 'virtualOutbound-catchall-tcp' },
    ],
    useOriginalDst: true,
    ...(view.node.interceptionMode === 'TPROXY' ? { transparent: true } : {}),
    trafficDirection: 'OUTBOUND',
    ...(logs.length > 0 ? { accessLog: logs } : {}),
  };
}

/** Filters for connections to addresses that no service has. */
function catchAllFilters(view: ProxyView): FilterJson[] {
  const { mode, egressProxy } = view.scope.outboundTrafficPolicy;
  const cluster =
    mode === 'REGISTRY_ONLY'
      ? blackHoleCluster
      : egressProxy
        ? outboundClusterName(egressProxy.host, egressProxy.port, egressProxy.subset)
        : passthroughCluster;
  const place = { listenerClass: 'sidecar-outbound', protocol: 'TCP', port: 0 } as const;
  return [...networkFilters(view, place), tcpProxy(view, { statPrefix: cluster, cluster })];
}

function defaultChain(
  view: ProxyView,
  made: { readonly conditional: readonly FilterChainJson[]; readonly fallback: FilterChainJson | undefined; readonly entry: ListenerEntry },
): Pick<ListenerJson, 'defaultFilterChain'> {
  if (made.fallback) return made.conditional.length > 0 ? { defaultFilterChain: made.fallback } : {};
  if (!made.entry.hasFallback) return {};
  return { defaultFilterChain: { filterChainMatch: {}, filters: catchAllFilters(view), name: passthroughFilterChain } };
}

function isMatchAll(chain: FilterChainPlan): boolean {
  const anyHost = chain.serverNames.length === 0 || chain.serverNames.includes('*');
  return anyHost && chain.applicationProtocols.length === 0 && chain.transportProtocol === '' && chain.cidrs.length === 0;
}

function filterChain(chain: FilterChainPlan): FilterChainJson {
  const match = isMatchAll(chain) ? null : chainMatch(chain);
  return {
    ...(match ? { filterChainMatch: match } : {}),
    filters: [...chain.filters],
    ...(chain.metadata ? { metadata: chain.metadata } : {}),
  };
}

function chainMatch(chain: FilterChainPlan): FilterChainMatchJson {
  const prefixRanges = cidrRanges(chain.cidrs);
  const serverNames = chain.serverNames.includes('*') ? [] : [...new Set(chain.serverNames)].sort();
  return {
    ...(prefixRanges.length > 0 ? { prefixRanges } : {}),
    ...(serverNames.length > 0 ? { serverNames } : {}),
    ...(chain.transportProtocol ? { transportProtocol: chain.transportProtocol } : {}),
    ...(chain.applicationProtocols.length > 0 ? { applicationProtocols: [...chain.applicationProtocols] } : {}),
  };
}
