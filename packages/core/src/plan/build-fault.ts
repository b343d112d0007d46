import type { HTTPFaultJson } from '@weft/envoy-api/envoy/extensions/filters/http/fault/v3/fault_pb';
import { buildHeaderMatcher } from './build-matcher.ts';
import type { FaultPlan } from './http-filter-plan.ts';
import type { Fraction } from './matcher.ts';
import { durationMs, perMillion } from './read.ts';

/** Compiles the fault filter. */
export function buildFault(json: HTTPFaultJson): FaultPlan {
  const { delay, abort, responseRateLimit } = json;
  return {
    delay: delay
      ? { fixedMs: durationMs(delay.fixedDelay, null), fraction: fractionOf(delay.percentage), fromHeader: delay.headerDelay !== undefined }
      : null,
    abort: abort
      ? {
          httpStatus: abort.httpStatus ?? null,
          grpcStatus: abort.grpcStatus ?? null,
          fraction: fractionOf(abort.percentage),
          fromHeader: abort.headerAbort !== undefined,
        }
      : null,
    responseRateLimit: responseRateLimit
      ? {
          kbps: responseRateLimit.fixedLimit?.limitKbps === undefined ? null : Number(responseRateLimit.fixedLimit.limitKbps),
          fraction: fractionOf(responseRateLimit.percentage),
        }
      : null,
    upstreamCluster: json.upstreamCluster ?? '',
    headers: (json.headers ?? []).map(buildHeaderMatcher),
    downstreamNodes: json.downstreamNodes ?? [],
    maxActiveFaults: json.maxActiveFaults ?? null,
  };
}

function fractionOf(json: { readonly numerator?: number; readonly denominator?: string | number } | undefined): Fraction {
  return { perMillion: perMillion(json), runtimeKey: null };
}
