import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { HttpFilterJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { HttpProtocolOptionsJson } from '@weft/envoy-api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { ClientTls } from '../mesh/traffic-policy.ts';
import { type ClusterTls, originatedTls } from './cluster-tls.ts';
import { connectionPoolFields, meshConnectionPool } from './connection-pool.ts';
import { type FilterPlace, mayHaveExtension } from './listener-class.ts';
import { typedConfig } from './typed-config.ts';

/** Cluster for requests to hosts that nobody has declared, resolved as they come. */
export const anyDynamicDnsCluster = 'AllowAnyDynamicDNSCluster';

const filterName = 'envoy.filters.http.dynamic_forward_proxy';
const optionsName = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

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
export function dynamicDnsCluster(view: ProxyView, isVerifiedByHost = true): ClusterJson {
  // Envoy insists on names that follow the request unless it is told that somebody knows better.
  const config = { dnsCacheConfig: dnsCache(view), ...(isVerifiedByHost ? {} : { allowInsecureClusterOptions: true }) };
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
  const tls = unknownHostsTls(view);
  const own = { name: anyDynamicDnsCluster, ...connectionPoolFields(view, meshConnectionPool(view), undefined).cluster };
  if (tls === null) return [{ ...own, ...dynamicDnsCluster(view) }];
  const { usesAutoSni, usesAutoSanValidation } = tls;
  const options: HttpProtocolOptionsJson = {
    upstreamHttpProtocolOptions: {
      ...(usesAutoSni ? { autoSni: true } : {}),
      ...(usesAutoSanValidation ? { autoSanValidation: true } : {}),
    },
    explicitHttpConfig: { httpProtocolOptions: {} },
  };
  return [
    {
      ...own,
      ...dynamicDnsCluster(view, usesAutoSni && usesAutoSanValidation),
      ...tls.fields,
      typedExtensionProtocolOptions: { [optionsName]: typedConfig(optionsName, options) },
    },
  ];
}

/** How the mesh secures connections to unknown hosts; null for plain text. */
function unknownHostsTls(view: ProxyView): ClusterTls | null {
  const tls = view.settings.meshConfig.outboundTrafficPolicy.tls as ClientTls | undefined;
  if (tls?.mode !== 'SIMPLE' && tls?.mode !== 'MUTUAL') return null;
  return originatedTls(view, { tls, names: tls.subjectAltNames ?? [], isHttp2: false, takesSecrets: false });
}

/** One cache for all: Envoy wants filter and clusters to agree on it. */
function dnsCache(view: ProxyView) {
  const hasIpv4 = view.node.ips.some((ip) => !ip.includes(':'));
  return { name: 'dynamic_dns', dnsLookupFamily: hasIpv4 ? ('V4_ONLY' as const) : ('V6_ONLY' as const) };
}
