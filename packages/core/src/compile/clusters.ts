import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { ClusterLoadAssignmentJson } from '@weft/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import type { DnsClusterJson } from '@weft/envoy-api/envoy/extensions/clusters/dns/v3/dns_cluster_pb';
import type { HttpProtocolOptionsJson } from '@weft/envoy-api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import type { Subset } from '../mesh/destination-rule.ts';
import { isHttp2 } from '../mesh/port-protocol.ts';
import type { ProxyView, ServiceView } from '../mesh/proxy-view.ts';
import type { ServicePort } from '../mesh/service.ts';
import { blackHoleCluster, outboundClusterName, outboundServerName, passthroughCluster } from '../snapshot/names.ts';
import { localityLb } from './cluster-locality.ts';
import { clusterMetadata } from './cluster-metadata.ts';
import { type ClusterTls, upstreamTls } from './cluster-tls.ts';
import { connectionPoolFields, outlierFields } from './connection-pool.ts';
import { loadAssignment } from './endpoints.ts';
import { hasExtension } from './listener-class.ts';
import { loadBalancerFields } from './load-balancer.ts';
import { protoDuration } from './proto-duration.ts';
import { effectivePolicy } from './traffic-policy.ts';
import { typedConfig } from './typed-config.ts';

/** A cluster and, when its endpoints are discovered, what the discovery answers. */
export interface ClusterParts {
  readonly cluster: ClusterJson;
  readonly endpoints: ClusterLoadAssignmentJson | null;
}

/** `tls`: the usual clusters. `sni-dnat`: for east-west gateways, which pass mutual TLS on unopened. */
export type ClusterMode = 'tls' | 'sni-dnat';

/** The clusters of every port of a service: one for all endpoints, one for each subset. */
export function serviceClusters(view: ProxyView, service: ServiceView, mode: ClusterMode = 'tls'): readonly ClusterParts[] {
  if (service.service.resolution === 'alias') return [];
  return service.service.ports.flatMap((port) => {
    if (port.protocol === 'UDP') return [];
    const all = outboundCluster(view, { service, port, subset: null, mode });
    if (all === null) return [];
    const subsets = (service.policy?.subsets ?? []).map((subset) => outboundCluster(view, { service, port, subset, mode }));
    return [all, ...subsets.filter((parts) => parts !== null)];
  });
}

/** The names of the clusters that `serviceClusters` makes. */
export function serviceClusterNames({ service, policy }: ServiceView, mode: ClusterMode = 'tls'): readonly string[] {
  const nameOf = mode === 'tls' ? outboundClusterName : outboundServerName;
  const subsets = ['', ...(policy?.subsets ?? []).map((subset) => subset.name)];
  return service.ports.flatMap((port) => subsets.map((subset) => nameOf(service.hostname, port.number, subset)));
}

/** The cluster that nothing comes out of. */
export function blackHole(view: ProxyView): ClusterJson {
  return { name: blackHoleCluster, type: 'STATIC', connectTimeout: protoDuration(view.settings.meshConfig.connectTimeout, '10s') };
}

/** The cluster that forwards to wherever a connection was bound for. */
export function passthrough(view: ProxyView): ClusterJson {
  const options: HttpProtocolOptionsJson = {
    commonHttpProtocolOptions: { idleTimeout: '300s' },
    useDownstreamProtocolConfig: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
  };
  return {
    name: passthroughCluster,
    type: 'ORIGINAL_DST',
    ...connectionPoolFields(view, undefined, undefined).cluster,
    lbPolicy: 'CLUSTER_PROVIDED',
    typedExtensionProtocolOptions: { [httpOptionsName]: typedConfig(httpOptionsName, options) },
  };
}

const httpOptionsName = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

interface ClusterRequest {
  readonly service: ServiceView;
  readonly port: ServicePort;
  readonly subset: Subset | null;
  readonly mode: ClusterMode;
}

type Discovery = 'EDS' | 'STRICT_DNS' | 'LOGICAL_DNS' | 'ORIGINAL_DST';

function outboundCluster(view: ProxyView, request: ClusterRequest): ClusterParts | null {
  const { service, port, subset, mode } = request;
  const { hostname } = service.service;
  const subsetName = subset?.name ?? '';
  const name =
    mode === 'tls' ? outboundClusterName(hostname, port.number, subsetName) : outboundServerName(hostname, port.number, subsetName);
  const policy = effectivePolicy(service.policy, subset, port.number);
  const type = policy.loadBalancer?.simple === 'PASSTHROUGH' ? 'ORIGINAL_DST' : discoveryType(view, service);
  const lb = localityLb(view, service.service, policy);
  const assignment =
    type === 'ORIGINAL_DST'
      ? null
      : loadAssignment(view, {
          clusterName: name,
          service,
          port,
          labels: subset?.labels ?? {},
          lb,
          offersMtls: policy.tls ? policy.tls.mode === 'ISTIO_MUTUAL' : view.settings.meshConfig.enableAutoMtls,
          onlyMtls: mode === 'sni-dnat',
          isDiscovered: type === 'EDS',
          isSingle: type === 'LOGICAL_DNS',
        });
  if (assignment !== null && type !== 'EDS' && !assignment.endpoints?.some((group) => (group.lbEndpoints ?? []).length > 0)) return null;
  const pool = connectionPoolFields(view, policy.connectionPool, policy.retryBudget);
  const isH2 = usesHttp2(view, port, policy.connectionPool?.http);
  const usesDownstream =
    policy.connectionPool?.http?.useClientProtocol === true || (!isH2 && port.protocol === 'auto' && view.node.type === 'sidecar');
  const tls = mode === 'tls' ? upstreamTls(view, { service, port, subset, policy, type, isHttp2: isH2 && !usesDownstream }) : noTls;
  const http = httpOptions({
    isH2,
    usesDownstream,
    pool: pool.http,
    tls,
    maxStreams: policy.connectionPool?.http?.maxConcurrentStreams ?? 0,
  });
  const isPlain = type === 'ORIGINAL_DST';
  const cluster: ClusterJson = {
    name,
    ...discoveryFields(view, type, name),
    ...pool.cluster,
    ...(assignment && type !== 'EDS' ? { loadAssignment: assignment } : {}),
    ...(isPlain ? { lbPolicy: 'CLUSTER_PROVIDED' as const } : loadBalancerFields(policy.loadBalancer)),
    ...outlierFields(policy.outlierDetection),
    ...commonLb(lb.usesLocalityWeights, policy.outlierDetection),
    ...(http ? { typedExtensionProtocolOptions: { [httpOptionsName]: typedConfig(httpOptionsName, http) } } : {}),
    ...tls.fields,
    ...metadataExchangeFilter(view),
    metadata: clusterMetadata(service, port, subset),
  };
  return { cluster, endpoints: type === 'EDS' ? assignment : null };
}

const noTls: ClusterTls = { fields: {}, usesAutoSni: false, usesAutoSanValidation: false };

/** The sender's side of the exchange of workload metadata over TCP. */
function metadataExchangeFilter(view: ProxyView): Pick<ClusterJson, 'filters'> {
  const name = 'istio.metadata_exchange';
  if (!hasExtension(view, name)) return {};
  const config = typedConfig('envoy.tcp.metadataexchange.config.MetadataExchange', { protocol: 'istio-peer-exchange' });
  return { filters: [{ name, typedConfig: config }] };
}

/** Gateways take no redirected connections, so for them what is forwarded as it came is looked up. */
function discoveryType(view: ProxyView, { service }: ServiceView): Discovery {
  switch (service.resolution) {
    case 'dns':
      return 'STRICT_DNS';
    case 'dns-round-robin':
      return 'LOGICAL_DNS';
    case 'passthrough':
      return view.node.type === 'sidecar' && view.node.generator !== 'grpc' ? 'ORIGINAL_DST' : 'EDS';
    default:
      return 'EDS';
  }
}

function edsConfig(serviceName: string): ClusterJson['edsClusterConfig'] {
  return { edsConfig: { ads: {}, initialFetchTimeout: '0s', resourceApiVersion: 'V3' }, serviceName };
}

/** How the cluster finds its hosts. A logical DNS cluster takes all addresses of a name for one host. */
function discoveryFields(view: ProxyView, type: Discovery, name: string): ClusterJson {
  if (type === 'EDS') return { type, edsClusterConfig: edsConfig(name) };
  if (type === 'ORIGINAL_DST') return { type };
  const hasIpv4 = view.node.ips.some((ip) => !ip.includes(':'));
  const config: DnsClusterJson = {
    dnsRefreshRate: protoDuration(view.settings.meshConfig.dnsRefreshRate, '60s'),
    respectDnsTtl: true,
    dnsJitter: '0.100s',
    dnsLookupFamily: hasIpv4 ? 'V4_ONLY' : 'V6_ONLY',
    ...(type === 'LOGICAL_DNS' ? { allAddressesInSingleEndpoint: true } : {}),
  };
  return { clusterType: { name: 'envoy.clusters.dns', typedConfig: typedConfig('envoy.extensions.clusters.dns.v3.DnsCluster', config) } };
}

interface HttpPool {
  readonly h2UpgradePolicy?: string;
  readonly useClientProtocol?: boolean;
}

/** By the port's protocol, or upgraded by policy where that is certain to be HTTP. */
function usesHttp2(view: ProxyView, port: ServicePort, pool: HttpPool | undefined): boolean {
  if (isHttp2(port.protocol)) return true;
  if (pool?.useClientProtocol) return false;
  if (pool?.h2UpgradePolicy === 'UPGRADE') return true;
  if (pool?.h2UpgradePolicy === 'DO_NOT_UPGRADE') return false;
  return port.protocol === 'HTTP' && view.settings.meshConfig.h2UpgradePolicy === 'UPGRADE';
}

interface HttpChoice {
  readonly isH2: boolean;
  readonly usesDownstream: boolean;
  readonly pool: HttpProtocolOptionsJson['commonHttpProtocolOptions'] | null;
  readonly tls: ClusterTls;
  readonly maxStreams: number;
}

/** Which HTTP the upstream speaks; undefined where Envoy's default, HTTP/1.1 without limits, is meant. */
function httpOptions({ isH2, usesDownstream, pool, tls, maxStreams }: HttpChoice): HttpProtocolOptionsJson | undefined {
  const http2 = maxStreams > 0 ? { maxConcurrentStreams: maxStreams } : {};
  if (!isH2 && !usesDownstream && !pool && !tls.usesAutoSni && !tls.usesAutoSanValidation) return undefined;
  return {
    ...(pool ? { commonHttpProtocolOptions: pool } : {}),
    ...(tls.usesAutoSni || tls.usesAutoSanValidation
      ? {
          upstreamHttpProtocolOptions: {
            ...(tls.usesAutoSni ? { autoSni: true } : {}),
            ...(tls.usesAutoSanValidation ? { autoSanValidation: true } : {}),
          },
        }
      : {}),
    ...(usesDownstream
      ? { useDownstreamProtocolConfig: { httpProtocolOptions: {}, http2ProtocolOptions: http2 } }
      : { explicitHttpConfig: isH2 ? { http2ProtocolOptions: http2 } : { httpProtocolOptions: {} } }),
  };
}

/** Below the panic threshold Envoy would use ejected hosts again; with few pods per service that does more harm than good. */
function commonLb(usesLocalityWeights: boolean, outlier: { readonly minHealthPercent?: number } | undefined): ClusterJson {
  if (!usesLocalityWeights && !outlier) return {};
  return {
    commonLbConfig: {
      ...(outlier ? { healthyPanicThreshold: outlier.minHealthPercent ? { value: outlier.minHealthPercent } : {} } : {}),
      ...(usesLocalityWeights ? { localityWeightedLbConfig: {} } : {}),
    },
  };
}
