import { parseDurationMs } from '@weft/core/base/durations';
import { tcpKeepalive } from '@weft/core/compile/connection-pool';
import { socketAddress } from '@weft/core/compile/socket-address';
import { typedConfig } from '@weft/core/compile/typed-config';
import type { ProxyConfigSettings } from '@weft/core/resource/proxy-config';
import type { BootstrapJson } from '@weft/envoy-api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { StatsSinkJson } from '@weft/envoy-api/envoy/config/metrics/v3/stats_pb';
import type { LocalWorkload } from '../api/config-types.ts';
import { grpcCluster, sidecarBootstrap } from '../dataplane/sidecar-bootstrap.ts';

export interface EnvoyPorts {
  readonly admin: number;
  /** Where the process beside the Envoy gives secrets, and passes configuration on. */
  readonly companion: number;
  readonly isDelta: boolean;
}

const metricsCluster = 'envoy_metrics_service';

/** What Istio's own dashboards and readiness need, whatever else is chosen to be counted. */
const requiredStats = {
  prefixes: ['reporter=', 'cluster_manager', 'listener_manager', 'server', 'cluster.xds-grpc', 'wasm', 'component', 'istio'],
  suffixes: ['rbac.allowed', 'rbac.denied', 'shadow_allowed', 'shadow_denied'],
  regexes: ['vhost\\.*\\.route\\.*'],
};

/** The bootstrap of a real Envoy beside a local workload; it knows none of Istio's own filters, and gets all it needs from the process beside it. */
export function envoyBootstrap(workload: LocalWorkload, { admin, companion, isDelta }: EnvoyPorts): BootstrapJson {
  const bootstrap = sidecarBootstrap(workload, { admin, xdsHost: '127.0.0.1', xds: companion });
  const { ISTIO_VERSION: _, ...metadata } = bootstrap.node?.metadata ?? {};
  const { proxyConfig } = workload;
  const metrics = metricsService(proxyConfig);
  return {
    ...bootstrap,
    node: { ...bootstrap.node, metadata },
    dynamicResources: {
      ...bootstrap.dynamicResources,
      adsConfig: { ...bootstrap.dynamicResources?.adsConfig, apiType: isDelta ? 'DELTA_GRPC' : 'GRPC' },
    },
    staticResources: {
      clusters: [
        ...(bootstrap.staticResources?.clusters ?? []),
        grpcCluster('sds-grpc', '127.0.0.1', companion),
        ...(metrics ? [metrics] : []),
      ],
    },
    ...statsConfig(proxyConfig),
    ...statsSinks(proxyConfig, metrics !== null),
  };
}

/** How an Envoy is started, as its configuration says. */
export function envoyArguments({ concurrency, fileFlushInterval, fileFlushMinSizeKb }: ProxyConfigSettings): readonly string[] {
  const flushMs = fileFlushInterval ? parseDurationMs(fileFlushInterval) : null;
  return [
    ...(concurrency ? ['--concurrency', String(concurrency)] : []),
    ...(flushMs === null ? [] : ['--file-flush-interval-msec', String(flushMs)]),
    ...(fileFlushMinSizeKb ? ['--file-flush-min-size-kb', String(fileFlushMinSizeKb)] : []),
  ];
}

/** Where metrics are sent; null for none, and where they should be encrypted, which is not done here: better none than in plain text. */
function metricsService({ envoyMetricsService, envoyMetricsServiceAddress }: ProxyConfigSettings): ClusterJson | null {
  const at = addressOf(envoyMetricsService?.address ?? envoyMetricsServiceAddress);
  const tlsMode = envoyMetricsService?.tlsSettings?.mode ?? 'DISABLE';
  if (at === null || tlsMode !== 'DISABLE') return null;
  const keepalive = tcpKeepalive(envoyMetricsService?.tcpKeepalive);
  const config = { respectDnsTtl: true };
  return {
    ...grpcCluster(metricsCluster, at.host, at.port),
    type: undefined,
    clusterType: { name: 'envoy.clusters.dns', typedConfig: typedConfig('envoy.extensions.clusters.dns.v3.DnsCluster', config) },
    ...(keepalive ? { upstreamConnectionOptions: { tcpKeepalive: keepalive } } : {}),
  };
}

function statsSinks({ statsdUdpAddress }: ProxyConfigSettings, hasService: boolean): Pick<BootstrapJson, 'statsSinks'> {
  const statsd = addressOf(statsdUdpAddress);
  const service = { transportApiVersion: 'V3', grpcService: { envoyGrpc: { clusterName: metricsCluster } } };
  const sinks: StatsSinkJson[] = [
    ...(hasService
      ? [{ name: 'envoy.stat_sinks.metrics_service', typedConfig: typedConfig('envoy.config.metrics.v3.MetricsServiceConfig', service) }]
      : []),
    ...(statsd
      ? [
          {
            name: 'envoy.stat_sinks.statsd',
            typedConfig: typedConfig('envoy.config.metrics.v3.StatsdSink', { address: socketAddress(statsd.host, statsd.port) }),
          },
        ]
      : []),
  ];
  return sinks.length > 0 ? { statsSinks: sinks } : {};
}

/** Which statistics are kept, where that is chosen, and the tags that are taken out of their names. */
function statsConfig({ proxyStatsMatcher, extraStatTags }: ProxyConfigSettings): Pick<BootstrapJson, 'statsConfig'> {
  const { inclusionPrefixes = [], inclusionSuffixes = [], inclusionRegexps = [] } = proxyStatsMatcher ?? {};
  const patterns = [
    ...[...inclusionPrefixes, ...requiredStats.prefixes].map((prefix) => ({ prefix })),
    ...[...inclusionSuffixes, ...requiredStats.suffixes].map((suffix) => ({ suffix })),
    ...[...inclusionRegexps, ...requiredStats.regexes].map((regex) => ({ safeRegex: { regex } })),
  ];
  const statsTags = (extraStatTags ?? []).map((tagName) => ({ tagName, regex: `(${tagName}=\\.=(.*?);\\.;)` }));
  if (!proxyStatsMatcher && statsTags.length === 0) return {};
  return {
    statsConfig: {
      ...(statsTags.length > 0 ? { statsTags } : {}),
      ...(proxyStatsMatcher ? { statsMatcher: { inclusionList: { patterns } } } : {}),
    },
  };
}

function addressOf(address = ''): { readonly host: string; readonly port: number } | null {
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(address) ?? [];
  return host === '' ? null : { host, port: Number(port) };
}
