import type { HealthCheck_HttpHealthCheckJson, HealthCheckJson } from '@weft/envoy-api/envoy/config/core/v3/health_check_pb';
import { buildStringMatcher } from './build-matcher.ts';
import type { HealthCheckPlan, StatusRange } from './cluster-plan.ts';
import { bytesOfBase64, durationMs } from './read.ts';

/** One active health checker; the derived intervals default to `interval` as in Envoy. */
export function buildHealthCheck(json: HealthCheckJson): HealthCheckPlan {
  const intervalMs = durationMs(json.interval, 0);
  const unhealthyIntervalMs = durationMs(json.unhealthyInterval, intervalMs);
  const noTrafficIntervalMs = durationMs(json.noTrafficInterval, 60_000);
  return {
    timeoutMs: durationMs(json.timeout, 0),
    intervalMs,
    initialJitterMs: durationMs(json.initialJitter, 0),
    intervalJitterMs: durationMs(json.intervalJitter, 0),
    intervalJitterPercent: json.intervalJitterPercent ?? 0,
    unhealthyThreshold: json.unhealthyThreshold ?? 1,
    healthyThreshold: json.healthyThreshold ?? 1,
    noTrafficIntervalMs,
    noTrafficHealthyIntervalMs: durationMs(json.noTrafficHealthyInterval, noTrafficIntervalMs),
    unhealthyIntervalMs,
    unhealthyEdgeIntervalMs: durationMs(json.unhealthyEdgeInterval, unhealthyIntervalMs),
    healthyEdgeIntervalMs: durationMs(json.healthyEdgeInterval, intervalMs),
    reuseConnection: json.reuseConnection ?? true,
    checker: buildChecker(json),
  };
}

function buildChecker(json: HealthCheckJson): HealthCheckPlan['checker'] {
  if (json.httpHealthCheck) return buildHttpChecker(json.httpHealthCheck);
  if (json.tcpHealthCheck)
    return { kind: 'tcp', send: payload(json.tcpHealthCheck.send), receive: (json.tcpHealthCheck.receive ?? []).map(payload) };
  if (json.grpcHealthCheck)
    return { kind: 'grpc', serviceName: json.grpcHealthCheck.serviceName ?? '', authority: json.grpcHealthCheck.authority ?? '' };
  return { kind: 'unsupported' };
}

function buildHttpChecker(json: HealthCheck_HttpHealthCheckJson): HealthCheckPlan['checker'] {
  const expected = (json.expectedStatuses ?? []).map(rangeOf);
  const method: unknown = json.method;
  return {
    kind: 'http',
    host: json.host ?? '',
    path: json.path ?? '/',
    method: typeof method === 'string' && method !== 'METHOD_UNSPECIFIED' ? method : 'GET',
    http2: json.codecClientType === 'HTTP2',
    expected: expected.length > 0 ? expected : [{ start: 200, end: 201 }],
    retriable: (json.retriableStatuses ?? []).map(rangeOf),
    headersToAdd: (json.requestHeadersToAdd ?? []).map(({ header }) => [header?.key ?? '', header?.value ?? ''] as const),
    headersToRemove: (json.requestHeadersToRemove ?? []).map((name) => name.toLowerCase()),
    serviceName: json.serviceNameMatcher ? buildStringMatcher(json.serviceNameMatcher) : null,
  };
}

function rangeOf(json: { readonly start?: string | number; readonly end?: string | number }): StatusRange {
  return { start: Number(json.start ?? 0), end: Number(json.end ?? 0) };
}

/** A TCP payload: hex text or base64 bytes. */
function payload(json: { readonly text?: string; readonly binary?: string } | undefined): Uint8Array {
  if (json?.text !== undefined) return Uint8Array.from((json.text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
  return json?.binary === undefined ? new Uint8Array() : bytesOfBase64(json.binary);
}
