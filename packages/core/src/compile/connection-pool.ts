import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { OutlierDetectionJson } from '@weft/envoy-api/envoy/config/cluster/v3/outlier_detection_pb';
import type { Http2ProtocolOptionsJson, HttpProtocolOptionsJson } from '@weft/envoy-api/envoy/config/core/v3/protocol_pb';
import type { HttpProtocolOptionsJson as UpstreamOptionsJson } from '@weft/envoy-api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import { formatDuration, parseDurationMs } from '../base/durations.ts';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { ConnectionPool, OutlierDetection, TcpKeepalive, TrafficPolicy } from '../mesh/traffic-policy.ts';

/** What Envoy is told where nothing limits a cluster; its own default of 1024 would. */
const unlimited = 4_294_967_295;
/** Envoy refuses a base ejection time above the maximum, which is this unless set. */
const defaultMaxEjectionMs = 300_000;

/** Limits and timeouts of a cluster, and the HTTP connection options that belong with them; 0 means no limit. */
export function connectionPoolFields(
  view: ProxyView,
  pool: ConnectionPool | undefined,
  retryBudget: TrafficPolicy['retryBudget'],
): { readonly cluster: ClusterJson; readonly http: HttpProtocolOptionsJson | null } {
  const { tcp, http } = pool ?? {};
  const limit = (value: number | undefined) => (value && value > 0 ? value : unlimited);
  const keepalive = tcpKeepalive(tcp?.tcpKeepalive ?? view.settings.meshConfig.tcpKeepalive);
  return {
    cluster: {
      connectTimeout: durationText(tcp?.connectTimeout) ?? durationText(view.settings.meshConfig.connectTimeout) ?? '10s',
      circuitBreakers: {
        thresholds: [
          {
            maxConnections: limit(tcp?.maxConnections),
            maxPendingRequests: limit(http?.http1MaxPendingRequests),
            maxRequests: limit(http?.http2MaxRequests),
            maxRetries: limit(http?.maxRetries),
            ...(retryBudget
              ? {
                  retryBudget: {
                    budgetPercent: { value: retryBudget.percent ?? 20 },
                    minRetryConcurrency: retryBudget.minRetryConcurrency || 3,
                    ...(parseDurationMs(retryBudget.budgetInterval ?? '')
                      ? { budgetInterval: durationText(retryBudget.budgetInterval) }
                      : {}),
                  },
                }
              : {}),
            trackRemaining: true,
          },
        ],
      },
      ...(keepalive ? { upstreamConnectionOptions: { tcpKeepalive: keepalive } } : {}),
    },
    http: commonHttp(pool),
  };
}

/** The mesh's own limits, for clusters that no DestinationRule speaks of. */
export function meshConnectionPool(view: ProxyView): ConnectionPool | undefined {
  return view.settings.meshConfig.defaultTrafficPolicy?.connectionPool as ConnectionPool | undefined;
}

/** Ejection of hosts that fail. Only what is asked for is on; success rates are never looked at. */
export function outlierFields(spec: OutlierDetection | undefined): ClusterJson {
  if (!spec) return {};
  const { consecutive5xxErrors, consecutiveGatewayErrors, consecutiveLocalOriginFailures, failurePercentageThreshold } = spec;
  const interval = spec.interval ? durationText(spec.interval) : undefined;
  const baseMs = spec.baseEjectionTime ? parseDurationMs(spec.baseEjectionTime) : null;
  const enforced = (count: number) => (count > 0 ? 100 : 0);
  const isSet = (count: number | null | undefined): count is number => count !== undefined && count !== null;
  const outlierDetection: OutlierDetectionJson = {
    ...(isSet(consecutive5xxErrors) ? { consecutive5xx: consecutive5xxErrors } : {}),
    ...(interval === undefined ? {} : { interval }),
    ...(baseMs === null ? {} : { baseEjectionTime: formatDuration(baseMs) }),
    ...(spec.maxEjectionPercent && spec.maxEjectionPercent > 0 ? { maxEjectionPercent: spec.maxEjectionPercent } : {}),
    ...(isSet(consecutive5xxErrors) ? { enforcingConsecutive5xx: enforced(consecutive5xxErrors) } : {}),
    enforcingSuccessRate: 0,
    ...(isSet(consecutiveGatewayErrors)
      ? { consecutiveGatewayFailure: consecutiveGatewayErrors, enforcingConsecutiveGatewayFailure: enforced(consecutiveGatewayErrors) }
      : {}),
    ...(spec.splitExternalLocalOriginErrors
      ? {
          splitExternalLocalOriginErrors: true,
          ...(consecutiveLocalOriginFailures && consecutiveLocalOriginFailures > 0
            ? { consecutiveLocalOriginFailure: consecutiveLocalOriginFailures, enforcingConsecutiveLocalOriginFailure: 100 }
            : {}),
          enforcingLocalOriginSuccessRate: 0,
        }
      : {}),
    ...(isSet(failurePercentageThreshold) ? { failurePercentageThreshold, enforcingFailurePercentage: 100 } : {}),
    ...(baseMs !== null && baseMs > defaultMaxEjectionMs ? { maxEjectionTime: formatDuration(baseMs) } : {}),
  };
  return { outlierDetection };
}

function commonHttp(pool: ConnectionPool | undefined): HttpProtocolOptionsJson | null {
  const idleTimeout = durationText(pool?.http?.idleTimeout) ?? durationText(pool?.tcp?.idleTimeout);
  const maxConnectionDuration = durationText(pool?.tcp?.maxConnectionDuration);
  const maxRequests = pool?.http?.maxRequestsPerConnection ?? 0;
  if (idleTimeout === undefined && maxConnectionDuration === undefined && maxRequests <= 0) return null;
  return {
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    ...(maxConnectionDuration === undefined ? {} : { maxConnectionDuration }),
    ...(maxRequests > 0 ? { maxRequestsPerConnection: maxRequests } : {}),
  };
}

/** Options of HTTP/2 connections to a cluster; empty where nothing is asked for. */
export function http2Options(pool: ConnectionPool['http']): Http2ProtocolOptionsJson {
  const streams = pool?.maxConcurrentStreams ?? 0;
  const interval = durationText(pool?.http2KeepAlive?.interval);
  const timeout = durationText(pool?.http2KeepAlive?.timeout);
  return {
    ...(streams > 0 ? { maxConcurrentStreams: streams } : {}),
    ...(interval && timeout ? { connectionKeepalive: { interval, timeout } } : {}),
  };
}

/** The statuses that outlier detection counts as errors, where they are not just all 5xx. */
export function outlierErrorMatcher(spec: OutlierDetection | undefined): UpstreamOptionsJson['outlierDetection'] {
  const codes = spec?.outlierDetectionHttpErrorCodes ?? [];
  const rules = codes.map((code) => ({
    httpResponseHeadersMatch: { headers: [{ name: ':status', stringMatch: { exact: String(code) } }] },
  }));
  const [only] = rules;
  if (!only) return undefined;
  return { errorMatcher: rules.length === 1 ? only : { orMatch: { rules } } };
}

/** Probes of idle connections, or null where none are asked for. */
export function tcpKeepalive(spec: TcpKeepalive | undefined) {
  if (!spec) return null;
  const seconds = (text: string | undefined) => Math.trunc(((text ? parseDurationMs(text) : null) ?? 0) / 1000);
  const time = seconds(spec.time);
  const interval = seconds(spec.interval);
  return {
    ...(spec.probes ? { keepaliveProbes: spec.probes } : {}),
    ...(time > 0 ? { keepaliveTime: time } : {}),
    ...(interval > 0 ? { keepaliveInterval: interval } : {}),
  };
}

function durationText(text: string | undefined): string | undefined {
  const ms = text === undefined ? null : parseDurationMs(text);
  return ms === null ? undefined : formatDuration(ms);
}
