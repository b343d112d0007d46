import type { AnyJson } from '@bufbuild/protobuf/wkt';
import type { CircuitBreakers_ThresholdsJson } from '@weft/envoy-api/envoy/config/cluster/v3/circuit_breaker_pb';
import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { TransportSocketJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { DnsClusterJson } from '@weft/envoy-api/envoy/extensions/clusters/dns/v3/dns_cluster_pb';
import type { HttpProtocolOptionsJson } from '@weft/envoy-api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import { buildLoadAssignment } from './build-endpoint.ts';
import { buildHealthCheck } from './build-health-check.ts';
import { buildCommonHttpOptions, buildHttp1Options, buildHttp2Options } from './build-http-options.ts';
import { buildLoadBalancer } from './build-load-balancer.ts';
import { buildOutlierDetection } from './build-outlier.ts';
import { buildResponseTest } from './build-response-test.ts';
import { buildUpstreamTls } from './build-tls.ts';
import type { CircuitBreakerPlan, ClusterPlan, UpstreamFilterPlan, UpstreamProtocolPlan, UpstreamTransportPlan } from './cluster-plan.ts';
import { findProblems } from './find-problems.ts';
import { durationMs, filterMetadata, messageName } from './read.ts';

/** Compiles a cluster. */
export function buildCluster(json: ClusterJson): ClusterPlan {
  const discovery = discoveryOf(json);
  const custom = (json.clusterType?.typedConfig ?? {}) as { readonly clusters?: readonly string[] };
  const original = json.originalDstLbConfig;
  const source = json.upstreamBindConfig?.sourceAddress;
  const keepalive = json.upstreamConnectionOptions?.tcpKeepalive;
  return {
    name: json.name ?? '',
    statName: json.altStatName || (json.name ?? ''),
    discovery,
    edsName: discovery === 'EDS' ? json.edsClusterConfig?.serviceName || (json.name ?? '') : null,
    loadAssignment: json.loadAssignment ? buildLoadAssignment(json.loadAssignment) : null,
    aggregate: discovery === 'AGGREGATE' ? (custom.clusters ?? []) : [],
    connectTimeoutMs: durationMs(json.connectTimeout, 5000),
    bufferLimitBytes: json.perConnectionBufferLimitBytes ?? 1_048_576,
    loadBalancer: buildLoadBalancer(json),
    circuitBreakers: { default: breaker(json, 'DEFAULT'), high: breaker(json, 'HIGH') },
    outlierDetection: json.outlierDetection ? buildOutlierDetection(json.outlierDetection) : null,
    healthChecks: (json.healthChecks ?? []).map(buildHealthCheck),
    transport: buildTransport(json.transportSocket),
    transportMatches: (json.transportSocketMatches ?? []).map((entry) => ({
      name: entry.name ?? '',
      match: (entry.match ?? {}) as Readonly<Record<string, unknown>>,
      transport: buildTransport(entry.transportSocket),
    })),
    protocol: buildProtocol(json),
    networkFilters: (json.filters ?? []).map(buildUpstreamFilter),
    dns: buildDns(json),
    originalDst: {
      headerName: original?.useHttpHeader ? (original.httpHeaderName || 'x-envoy-original-dst-host').toLowerCase() : null,
      portOverride: original?.upstreamPortOverride ?? null,
      metadataKey: original?.metadataKey?.key ?? null,
    },
    cleanupIntervalMs: durationMs(json.cleanupInterval, 5000),
    sourceAddress: source?.address ? { host: source.address, port: source.portValue ?? 0 } : null,
    tcpKeepalive: keepalive
      ? {
          probes: keepalive.keepaliveProbes ?? null,
          timeSeconds: keepalive.keepaliveTime ?? null,
          intervalSeconds: keepalive.keepaliveInterval ?? null,
        }
      : null,
    tcpIdleTimeoutMs: tcpIdleTimeout(json),
    closeConnectionsOnHealthFailure: json.closeConnectionsOnHostHealthFailure ?? false,
    ignoreNewHostsUntilFirstHealthCheck: json.commonLbConfig?.ignoreNewHostsUntilFirstHc ?? false,
    poolsPerConnection: json.connectionPoolPerDownstreamConnection ?? false,
    ignoreHealthOnRemoval: json.ignoreHealthOnHostRemoval ?? false,
    overrideHealth: json.commonLbConfig?.overrideHostStatus?.statuses?.map(String) ?? usableHealth,
    metadata: filterMetadata(json.metadata),
    problems: transportProblems(json),
    source: json,
  };
}

/** What of TLS would leave a server less verified than written. */
function transportProblems({ transportSocket, transportSocketMatches }: ClusterJson): readonly string[] {
  if (transportSocket === undefined && transportSocketMatches === undefined) return noProblems;
  const matches = (transportSocketMatches ?? []).map((entry) => ({ transportSocket: entry.transportSocket }));
  return findProblems({ transportSocket, transportSocketMatches: matches });
}

const noProblems: readonly string[] = [];
const usableHealth: readonly string[] = ['UNKNOWN', 'HEALTHY', 'DEGRADED'];

const clusterTypes: Readonly<Record<string, ClusterPlan['discovery']>> = {
  'envoy.clusters.aggregate': 'AGGREGATE',
  'envoy.clusters.dynamic_forward_proxy': 'DYNAMIC_FORWARD_PROXY',
};

const dnsCluster = 'envoy.extensions.clusters.dns.v3.DnsCluster';

/** DNS settings: of the cluster type, else of the deprecated fields beside `type`. */
function buildDns(json: ClusterJson): ClusterPlan['dns'] {
  const own =
    messageName(json.clusterType?.typedConfig?.['@type']) === dnsCluster ? (json.clusterType?.typedConfig as DnsClusterJson) : null;
  const failure = own ? own.dnsFailureRefreshRate : json.dnsFailureRefreshRate;
  const family = own ? own.dnsLookupFamily : json.dnsLookupFamily;
  return {
    refreshRateMs: durationMs(own ? own.dnsRefreshRate : json.dnsRefreshRate, 5000),
    failureRefresh: failure
      ? { baseMs: durationMs(failure.baseInterval, 0), maxMs: durationMs(failure.maxInterval, 10 * durationMs(failure.baseInterval, 0)) }
      : null,
    jitterMs: durationMs(own?.dnsJitter, 0),
    family: (family as ClusterPlan['dns']['family'] | undefined) ?? 'AUTO',
    respectTtl: (own ? own.respectDnsTtl : json.respectDnsTtl) ?? false,
  };
}

function discoveryOf(json: ClusterJson): ClusterPlan['discovery'] {
  const custom = json.clusterType?.typedConfig;
  if (messageName(custom?.['@type']) === dnsCluster)
    return (custom as DnsClusterJson).allAddressesInSingleEndpoint ? 'LOGICAL_DNS' : 'STRICT_DNS';
  if (json.clusterType) return clusterTypes[json.clusterType.name ?? ''] ?? 'UNSUPPORTED';
  return (json.type as ClusterPlan['discovery'] | undefined) ?? 'STATIC';
}

function breaker(json: ClusterJson, priority: 'DEFAULT' | 'HIGH'): CircuitBreakerPlan {
  const of = (list: readonly CircuitBreakers_ThresholdsJson[] | undefined): CircuitBreakers_ThresholdsJson | undefined =>
    list?.find((entry) => (entry.priority ?? 'DEFAULT') === priority);
  const limits = of(json.circuitBreakers?.thresholds);
  const budget = limits?.retryBudget;
  return {
    maxConnections: limits?.maxConnections ?? 1024,
    maxPendingRequests: limits?.maxPendingRequests ?? 1024,
    maxRequests: limits?.maxRequests ?? 1024,
    maxRetries: limits?.maxRetries ?? 3,
    maxConnectionPools: limits?.maxConnectionPools ?? 4_294_967_295,
    perHostMaxConnections: of(json.circuitBreakers?.perHostThresholds)?.maxConnections ?? 4_294_967_295,
    retryBudget: budget
      ? {
          budgetPercent: Number(budget.budgetPercent?.value ?? (budget.budgetPercent ? 0 : 20)),
          minRetryConcurrency: budget.minRetryConcurrency ?? 3,
        }
      : null,
    trackRemaining: limits?.trackRemaining ?? false,
  };
}

/** Compiles the transport socket of a cluster; none means plain text. */
export function buildTransport(json: TransportSocketJson | undefined): UpstreamTransportPlan {
  const { '@type': typeUrl = '', ...config } = (json?.typedConfig ?? {}) as Readonly<Record<string, unknown>> & {
    readonly '@type'?: string;
  };
  switch (messageName(typeUrl)) {
    case '':
    case 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer':
      return { kind: 'raw' };
    case 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext':
      return { kind: 'tls', tls: buildUpstreamTls(config) };
    case 'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport': {
      const version = (config.config as { readonly version?: string } | undefined)?.version;
      return {
        kind: 'proxyProtocol',
        version: version === 'V2' ? 'V2' : 'V1',
        inner: buildTransport(config.transportSocket as TransportSocketJson | undefined),
      };
    }
    default:
      return { kind: 'unsupported', typeUrl };
  }
}

/** The HTTP options of a cluster: the typed extension where present, else the deprecated fields. */
function buildProtocol(json: ClusterJson): UpstreamProtocolPlan {
  const typed = json.typedExtensionProtocolOptions?.['envoy.extensions.upstreams.http.v3.HttpProtocolOptions'] as
    | HttpProtocolOptionsJson
    | undefined;
  const choice = typed?.explicitHttpConfig ?? typed?.useDownstreamProtocolConfig ?? typed?.autoConfig;
  const upstream = typed?.upstreamHttpProtocolOptions ?? json.upstreamHttpProtocolOptions;
  const common = buildCommonHttpOptions(typed?.commonHttpProtocolOptions ?? json.commonHttpProtocolOptions);
  return {
    mode: protocolMode(json, typed),
    http1: buildHttp1Options(choice?.httpProtocolOptions ?? json.httpProtocolOptions),
    http2: buildHttp2Options(choice?.http2ProtocolOptions ?? json.http2ProtocolOptions),
    common: { ...common, maxRequestsPerConnection: common.maxRequestsPerConnection || (json.maxRequestsPerConnection ?? 0) },
    autoSni: upstream?.autoSni ?? false,
    autoSanValidation: upstream?.autoSanValidation ?? false,
    overrideAutoSniHeader: upstream?.overrideAutoSniHeader ?? '',
    httpFilters: (typed?.httpFilters ?? []).map(buildUpstreamFilter),
    outlierErrors: typed?.outlierDetection?.errorMatcher ? buildResponseTest(typed.outlierDetection.errorMatcher) : null,
  };
}

function protocolMode(json: ClusterJson, typed: HttpProtocolOptionsJson | undefined): UpstreamProtocolPlan['mode'] {
  if (typed?.useDownstreamProtocolConfig) return 'downstream';
  if (typed?.autoConfig) return 'auto';
  if (typed?.explicitHttpConfig) return typed.explicitHttpConfig.http2ProtocolOptions ? 'http2' : 'http1';
  if (json.protocolSelection === 'USE_DOWNSTREAM_PROTOCOL') return 'downstream';
  return json.http2ProtocolOptions ? 'http2' : 'http1';
}

function tcpIdleTimeout(json: ClusterJson): number {
  const tcp = json.typedExtensionProtocolOptions?.['envoy.extensions.upstreams.tcp.v3.TcpProtocolOptions'] as
    | { readonly idleTimeout?: string }
    | undefined;
  return durationMs(tcp?.idleTimeout, 600_000);
}

function buildUpstreamFilter(json: { readonly name?: string; readonly typedConfig?: AnyJson }): UpstreamFilterPlan {
  const { '@type': typeUrl = '', ...config } = (json.typedConfig ?? {}) as Readonly<Record<string, unknown>> & {
    readonly '@type'?: string;
  };
  return { name: json.name ?? '', typeUrl, config };
}
