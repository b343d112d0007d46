import type { RuntimeFeatureFlagJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { FilterJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { TcpProxyJson } from '@weft/envoy-api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import type { MetadataMatcherJson } from '@weft/envoy-api/envoy/type/matcher/v3/metadata_pb';
import type { TokenBucketJson } from '@weft/envoy-api/envoy/type/v3/token_bucket_pb';
import { buildAccessLog } from './build-access-log.ts';
import { buildGrpcService } from './build-grpc-service.ts';
import { buildHeaderAddition } from './build-header.ts';
import { buildHttpConnection } from './build-http-connection.ts';
import { buildIstioStats } from './build-istio-stats.ts';
import { buildTokenBucket } from './build-limits.ts';
import { buildMetadataTest } from './build-matcher.ts';
import { buildRbac } from './build-rbac.ts';
import type { NetworkFilterPlan, TcpClusterPlan, TcpProxyPlan } from './filter-chain-plan.ts';
import { parseFormat } from './format.ts';
import { durationMs, filterMetadata, messageName } from './read.ts';
import type { HashPolicyPlan } from './route-plan.ts';

type Config = Readonly<Record<string, unknown>> & { readonly '@type'?: string };

/** Compiles one network filter. */
export function buildNetworkFilter(json: FilterJson): NetworkFilterPlan {
  const name = json.name ?? '';
  const { '@type': typeUrl = '', ...config } = (json.typedConfig ?? {}) as Config;
  const statPrefix = typeof config.statPrefix === 'string' ? config.statPrefix : '';
  switch (messageName(typeUrl)) {
    case 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager':
      return { name, kind: 'http', http: buildHttpConnection(config) };
    case 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy':
      return { name, kind: 'tcpProxy', tcp: buildTcpProxy(config) };
    case 'envoy.extensions.filters.network.rbac.v3.RBAC':
      return { name, kind: 'rbac', rbac: buildRbac(config), statPrefix, continuous: config.enforcementType === 'CONTINUOUS' };
    case 'envoy.extensions.filters.network.sni_cluster.v3.SniCluster':
      return { name, kind: 'sniCluster' };
    case 'envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit':
      return {
        name,
        kind: 'connectionLimit',
        statPrefix,
        maxConnections: Number(config.maxConnections ?? 0),
        delayMs: durationMs(config.delay as string | undefined, 0),
        isEnabled: isEnabled(config.runtimeEnabled),
      };
    case 'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit':
      return {
        name,
        kind: 'localRateLimit',
        statPrefix,
        bucket: buildTokenBucket((config.tokenBucket ?? {}) as TokenBucketJson),
        shareKey: String(config.shareKey ?? ''),
        isEnabled: isEnabled(config.runtimeEnabled),
      };
    case 'envoy.extensions.filters.network.ext_authz.v3.ExtAuthz':
      return {
        name,
        kind: 'extAuthz',
        statPrefix,
        service: buildGrpcService(config.grpcService as Parameters<typeof buildGrpcService>[0], 200),
        failureModeAllow: config.failureModeAllow === true,
        includePeerCertificate: config.includePeerCertificate === true,
        includeTlsSession: config.includeTlsSession === true,
        labelsKey: typeof config.bootstrapMetadataLabelsKey === 'string' ? config.bootstrapMetadataLabelsKey : '',
        enabledMetadata: config.filterEnabledMetadata ? buildMetadataTest(config.filterEnabledMetadata as MetadataMatcherJson) : null,
      };
    case 'stats.PluginConfig':
      return { name, kind: 'istioStats', stats: buildIstioStats(config) };
    case 'envoy.tcp.metadataexchange.config.MetadataExchange':
      return { name, kind: 'metadataExchange', config };
    default:
      return { name, kind: 'unsupported', typeUrl };
  }
}

/** A filter is on unless its feature flag says otherwise; no runtime overrides it here. */
function isEnabled(flag: unknown): boolean {
  return (flag as RuntimeFeatureFlagJson | undefined)?.defaultValue ?? true;
}

function buildTcpProxy(json: TcpProxyJson): TcpProxyPlan {
  const weighted = json.weightedClusters?.clusters;
  const clusters: TcpClusterPlan[] = weighted
    ? weighted.map((cluster) => ({
        name: cluster.name ?? '',
        weight: cluster.weight ?? 0,
        metadataMatch: metadataOf(cluster.metadataMatch),
      }))
    : [{ name: json.cluster ?? '', weight: 1, metadataMatch: null }];
  const options = json.accessLogOptions;
  const tunneling = json.tunnelingConfig;
  return {
    statPrefix: json.statPrefix ?? '',
    clusters,
    totalWeight: clusters.reduce((sum, cluster) => sum + cluster.weight, 0),
    metadataMatch: metadataOf(json.metadataMatch),
    idleTimeoutMs: durationMs(json.idleTimeout, 3_600_000),
    maxConnectAttempts: json.maxConnectAttempts ?? 1,
    maxConnectionDurationMs: durationMs(json.maxDownstreamConnectionDuration, null),
    accessLogs: (json.accessLog ?? []).map(buildAccessLog),
    accessLogFlushIntervalMs: durationMs(options?.accessLogFlushInterval ?? json.accessLogFlushInterval, null),
    flushAccessLogOnConnected: options?.flushAccessLogOnConnected ?? json.flushAccessLogOnConnected ?? false,
    hashPolicies: (json.hashPolicy ?? []).flatMap((policy): HashPolicyPlan[] => {
      if (policy.sourceIp) return [{ kind: 'sourceIp', terminal: false }];
      return policy.filterState ? [{ kind: 'filterState', terminal: false, key: policy.filterState.key ?? '' }] : [];
    }),
    tunneling: tunneling
      ? {
          hostname: parseFormat(tunneling.hostname ?? ''),
          usePost: tunneling.usePost ?? false,
          headers: (tunneling.headersToAdd ?? []).map(buildHeaderAddition),
        }
      : null,
  };
}

function metadataOf(json: Parameters<typeof filterMetadata>[0]): Readonly<Record<string, unknown>> | null {
  return json ? (filterMetadata(json)['envoy.lb'] ?? {}) : null;
}
