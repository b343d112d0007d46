import type { OutlierDetectionJson } from '@weft/envoy-api/envoy/config/cluster/v3/outlier_detection_pb';
import type { OutlierDetectionPlan } from './cluster-plan.ts';
import { durationMs } from './read.ts';

/** Outlier detection with Envoy's defaults; the longest ejection is at least the base time. */
export function buildOutlierDetection(json: OutlierDetectionJson): OutlierDetectionPlan {
  const baseEjectionTimeMs = durationMs(json.baseEjectionTime, 30_000);
  return {
    consecutive5xx: json.consecutive5xx ?? 5,
    enforcingConsecutive5xx: json.enforcingConsecutive5xx ?? 100,
    consecutiveGatewayFailure: json.consecutiveGatewayFailure ?? 5,
    enforcingConsecutiveGatewayFailure: json.enforcingConsecutiveGatewayFailure ?? 0,
    consecutiveLocalOriginFailure: json.consecutiveLocalOriginFailure ?? 5,
    enforcingConsecutiveLocalOriginFailure: json.enforcingConsecutiveLocalOriginFailure ?? 100,
    splitExternalLocalOriginErrors: json.splitExternalLocalOriginErrors ?? false,
    intervalMs: durationMs(json.interval, 10_000),
    baseEjectionTimeMs,
    maxEjectionTimeMs: Math.max(baseEjectionTimeMs, durationMs(json.maxEjectionTime, 300_000)),
    maxEjectionTimeJitterMs: durationMs(json.maxEjectionTimeJitter, 0),
    maxEjectionPercent: Math.min(100, json.maxEjectionPercent ?? 10),
    alwaysEjectOneHost: json.alwaysEjectOneHost ?? false,
    enforcingSuccessRate: json.enforcingSuccessRate ?? 100,
    enforcingLocalOriginSuccessRate: json.enforcingLocalOriginSuccessRate ?? 100,
    successRateMinimumHosts: json.successRateMinimumHosts ?? 5,
    successRateRequestVolume: json.successRateRequestVolume ?? 100,
    successRateStdevFactor: json.successRateStdevFactor ?? 1900,
    enforcingFailurePercentage: json.enforcingFailurePercentage ?? 0,
    enforcingFailurePercentageLocalOrigin: json.enforcingFailurePercentageLocalOrigin ?? 0,
    failurePercentageThreshold: json.failurePercentageThreshold ?? 85,
    failurePercentageMinimumHosts: json.failurePercentageMinimumHosts ?? 5,
    failurePercentageRequestVolume: json.failurePercentageRequestVolume ?? 50,
    successfulActiveHealthCheckUnejectHost: json.successfulActiveHealthCheckUnejectHost ?? true,
  };
}
