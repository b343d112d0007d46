import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { HttpFilterJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import { connectionPoolFields } from './connection-pool.ts';
import { type FilterPlace, mayHaveExtension } from './listener-class.ts';
import { typedConfig } from './typed-config.ts';

/** Cluster for requests to hosts that nobody has declared, resolved as they come. */
export const anyDynamicDnsCluster = 'AllowAnyDynamicDNSCluster';

const filterName = 'envoy.filters.http.dynamic_forward_proxy';

/** Whether requests for unknown hosts are resolved by name; a proxy that cannot do that forwards them to where they were bound for. */
export function resolvesUnknownHosts(view: ProxyView): boolean {
  return view.scope.outboundTrafficPolicy.mode === 'ALLOW_ANY_DYNAMIC_DNS' && mayHaveExtension(view, filterName);
}

/** The HTTP filter that resolves a request's host before it is routed to a cluster of that kind; none where there is no such cluster. */
export function dynamicDnsFilters(view: ProxyView, place: FilterPlace): readonly HttpFilterJson[] {
  if (place.listenerClass === 'sidecar-inbound' || !mayHaveExtension(view, filterName)) return [];
  const isUsed = resolvesUnknownHosts(view) || view.services.some(({ service }) => service.resolution === 'dynamic-dns');
  if (!isUsed) return [];
  const config = { dnsCacheConfig: dnsCache(view) };
  return [{ name: filterName, typedConfig: typedConfig('envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig', config) }];
}

/** The type of a cluster whose hosts are resolved by the requests' own host names. */
export function dynamicDnsCluster(view: ProxyView): ClusterJson {
  const config = { dnsCacheConfig: dnsCache(view) };
  return {
    clusterType: {
      name: 'envoy.clusters.dynamic_forward_proxy',
      typedConfig: typedConfig('envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig', config),
    },
    lbPolicy: 'CLUSTER_PROVIDED',
  };
}

/** The cluster of `ALLOW_ANY_DYNAMIC_DNS`; none unless the mesh asks for it. */
export function unknownHostsClusters(view: ProxyView): readonly ClusterJson[] {
  if (!resolvesUnknownHosts(view)) return [];
  return [{ name: anyDynamicDnsCluster, ...dynamicDnsCluster(view), ...connectionPoolFields(view, undefined, undefined).cluster }];
}

/** One cache for all: Envoy wants filter and clusters to agree on it. */
function dnsCache(view: ProxyView) {
  const hasIpv4 = view.node.ips.some((ip) => !ip.includes(':'));
  return { name: 'dynamic_dns', dnsLookupFamily: hasIpv4 ? ('V4_ONLY' as const) : ('V6_ONLY' as const) };
}
