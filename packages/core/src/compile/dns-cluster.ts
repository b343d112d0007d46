import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { DnsClusterJson } from '@weft/envoy-api/envoy/extensions/clusters/dns/v3/dns_cluster_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import { typedConfig } from './typed-config.ts';

/** The type of a cluster whose hosts are the addresses of a name, of the family that the proxy has addresses of. */
export function dnsCluster({ node }: ProxyView, options: DnsClusterJson): Pick<ClusterJson, 'clusterType'> {
  const hasIpv4 = node.ips.some((ip) => !ip.includes(':'));
  const config: DnsClusterJson = { respectDnsTtl: true, dnsLookupFamily: hasIpv4 ? 'V4_ONLY' : 'V6_ONLY', ...options };
  return { clusterType: { name: 'envoy.clusters.dns', typedConfig: typedConfig('envoy.extensions.clusters.dns.v3.DnsCluster', config) } };
}
