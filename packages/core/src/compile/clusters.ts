import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { Http2ProtocolOptionsJson } from '@weft/envoy-api/envoy/config/core/v3/protocol_pb';
import type { ClusterLoadAssignmentJson } from '@weft/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import type { HttpProtocolOptionsJson } from '@weft/envoy-api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import type { Subset } from '../mesh/destination-rule.ts';
import { isHttp, isHttp2 } from '../mesh/port-protocol.ts';
import type { ProxyView, ServiceView } from '../mesh/proxy-view.ts';
import type { ServicePort } from '../mesh/service.ts';
import { blackHoleCluster, outboundClusterName, outboundServerName, passthroughCluster } from '../snapshot/names.ts';
import { type LocalityLb, localityLb } from './cluster-locality.ts';
import { clusterMetadata } from './cluster-metadata.ts';
import { type ClusterTls, upstreamTls } from './cluster-tls.ts';
import { connectionPoolFields, http2Options, meshConnectionPool, outlierErrorMatcher, outlierFields } from './connection-pool.ts';
import { bufferLimit, connectionSettings } from './connection-settings.ts';
import { dnsCluster } from './dns-cluster.ts';
import { dynamicDnsCluster } from './dynamic-dns.ts';
import { loadAssignment } from './endpoints.ts';
import { hasExtension } from './listener-class.ts';
import { loadBalancerFields } from './load-balancer.ts';
import { protoDuration } from './proto-duration.ts';
import { preservedCase, proxyHeaders } from './proxy-config.ts';
import { statName } from './stat-name.ts';
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
    ...connectionPoolFields(view, meshConnectionPool(view), undefined).cluster,
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

type Discovery = 'EDS' | 'STRICT_DNS' | 'LOGICAL_DNS' | 'ORIGINAL_DST' | 'DYNAMIC_DNS';

function outboundCluster(view: ProxyView, request: ClusterRequest): ClusterParts | null {
  const { service, port, subset, mode } = request;
  const { hostname } = service.service;
  const subsetName = subset?.name ?? '';
  const name =
    mode === 'tls' ? outboundClusterName(hostname, port.number, subsetName) : outboundServerName(hostname, port.number, subsetName);
  const policy = effectivePolicy({ policy: service.policy, subset, port: port.number }, view.settings.meshConfig);
  const type = policy.loadBalancer?.simple === 'PASSTHROUGH' ? 'ORIGINAL_DST' : discoveryType(view, service, port);
  const lb = localityLb(view, service.service, policy);
  const assignment = hasEndpoints(type)
    ? loadAssignment(view, {
        clusterName: name,
        service,
        port,
        labels: subset?.labels ?? {},
        lb,
        offersMtls: policy.tls ? policy.tls.mode === 'ISTIO_MUTUAL' : view.settings.meshConfig.enableAutoMtls,
        onlyMtls: mode === 'sni-dnat',
        isDiscovered: type === 'EDS',
        isSingle: type === 'LOGICAL_DNS',
      })
    : null;
  if (assignment !== null && type !== 'EDS' && !assignment.endpoints?.some((group) => (group.lbEndpoints ?? []).length > 0)) return null;
  const pool = connectionPoolFields(view, policy.connectionPool, policy.retryBudget);
  const protocol = upstreamProtocol(view, port, policy.connectionPool?.http);
  const tls = mode === 'tls' ? upstreamTls(view, { service, port, subset, policy, type, isHttp2: protocol === 'http2' }) : noTls;
  const http = httpOptions({
    protocol,
    pool: pool.http,
    tls,
    keepsHeaderCase: proxyHeaders(view).preserveHttp1HeaderCase === true,
    http2: http2Options(policy.connectionPool?.http),
    outlierDetection: outlierErrorMatcher(policy.outlierDetection),
  });
  const pattern = view.settings.meshConfig.outboundClusterStatName;
  const cluster: ClusterJson = {
    name,
    ...(pattern ? { altStatName: statName(pattern, service.service, port, subsetName) } : {}),
    ...discoveryFields(view, type, name),
    ...pool.cluster,
    ...(assignment && type !== 'EDS' ? { loadAssignment: assignment } : {}),
    ...(hasEndpoints(type) ? loadBalancerFields(policy.loadBalancer) : { lbPolicy: 'CLUSTER_PROVIDED' as const }),
    ...outlierFields(policy.outlierDetection),
    ...commonLb(lb, policy.outlierDetection),
    ...bufferLimit(connectionSettings(view).clusterPerConnectionBufferLimitBytes),
    ...(http ? { typedExtensionProtocolOptions: { [httpOptionsName]: typedConfig(httpOptionsName, http) } } : {}),
    ...tls.fields,
    ...metadataExchangeFilter(view),
    metadata: clusterMetadata(service, port, subset),
  };
  return { cluster, endpoints: type === 'EDS' ? assignment : null };
}

/** Whether the hosts of a cluster are listed; others find theirs in each connection or request. */
function hasEndpoints(type: Discovery): boolean {
  return type !== 'ORIGINAL_DST' && type !== 'DYNAMIC_DNS';
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
function discoveryType(view: ProxyView, { service }: ServiceView, port: ServicePort): Discovery {
  switch (service.resolution) {
    case 'dns':
      return 'STRICT_DNS';
    case 'dns-round-robin':
      return 'LOGICAL_DNS';
    case 'dynamic-dns':
      // Only HTTP requests carry the name to resolve where the proxy looks for it.
      return isHttp(port.protocol) ? 'DYNAMIC_DNS' : view.node.type === 'sidecar' ? 'ORIGINAL_DST' : 'EDS';
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
  if (type === 'DYNAMIC_DNS') return dynamicDnsCluster(view);
  const options = { dnsJitter: '0.100s', ...(type === 'LOGICAL_DNS' ? { allAddressesInSingleEndpoint: true } : {}) };
  return dnsCluster(view, { dnsRefreshRate: protoDuration(view.settings.meshConfig.dnsRefreshRate, '60s'), ...options });
}

type UpstreamProtocol = 'http1' | 'http2' | 'as-downstream';

/** By the port's protocol; what the client speaks where nobody knows; HTTP/2 by policy where that is certain to be HTTP. */
function upstreamProtocol(
  view: ProxyView,
  port: ServicePort,
  pool: { readonly h2UpgradePolicy?: string; readonly useClientProtocol?: boolean } | undefined,
): UpstreamProtocol {
  if (pool?.useClientProtocol) return 'as-downstream';
  if (isHttp2(port.protocol) || pool?.h2UpgradePolicy === 'UPGRADE') return 'http2';
  if (port.protocol === 'auto' && view.node.type === 'sidecar') return 'as-downstream';
  const isUpgraded =
    pool?.h2UpgradePolicy !== 'DO_NOT_UPGRADE' && port.protocol === 'HTTP' && view.settings.meshConfig.h2UpgradePolicy === 'UPGRADE';
  return isUpgraded ? 'http2' : 'http1';
}

interface HttpChoice {
  readonly protocol: UpstreamProtocol;
  readonly pool: HttpProtocolOptionsJson['commonHttpProtocolOptions'] | null;
  readonly tls: ClusterTls;
  readonly keepsHeaderCase: boolean;
  readonly http2: Http2ProtocolOptionsJson;
  readonly outlierDetection: HttpProtocolOptionsJson['outlierDetection'];
}

/** Which HTTP the upstream speaks; undefined where Envoy's default, HTTP/1.1 without limits, is meant. */
function httpOptions({ protocol, pool, tls, keepsHeaderCase, http2, outlierDetection }: HttpChoice): HttpProtocolOptionsJson | undefined {
  const { usesAutoSni, usesAutoSanValidation } = tls;
  if (protocol === 'http1' && !pool && !usesAutoSni && !usesAutoSanValidation && !outlierDetection && !keepsHeaderCase) return undefined;
  const http1 = keepsHeaderCase ? { headerKeyFormat: preservedCase } : {};
  return {
    ...(outlierDetection ? { outlierDetection } : {}),
    ...(pool ? { commonHttpProtocolOptions: pool } : {}),
    ...(usesAutoSni || usesAutoSanValidation
      ? {
          upstreamHttpProtocolOptions: {
            ...(usesAutoSni ? { autoSni: true } : {}),
            ...(usesAutoSanValidation ? { autoSanValidation: true } : {}),
          },
        }
      : {}),
    ...(protocol === 'as-downstream'
      ? { useDownstreamProtocolConfig: { httpProtocolOptions: http1, http2ProtocolOptions: http2 } }
      : { explicitHttpConfig: protocol === 'http2' ? { http2ProtocolOptions: http2 } : { httpProtocolOptions: http1 } }),
  };
}

/** Below the panic threshold Envoy would use ejected hosts again; with few pods per service that does more harm than good. */
function commonLb(lb: LocalityLb, outlier: { readonly minHealthPercent?: number } | undefined): ClusterJson {
  const { usesLocalityWeights, zoneAware } = lb;
  if (!usesLocalityWeights && !zoneAware && !outlier) return {};
  return {
    commonLbConfig: {
      ...(outlier ? { healthyPanicThreshold: outlier.minHealthPercent ? { value: outlier.minHealthPercent } : {} } : {}),
      ...(usesLocalityWeights ? { localityWeightedLbConfig: {} } : {}),
      ...(zoneAware ? { zoneAwareLbConfig: zoneAware } : {}),
    },
  };
}
