import type { RuntimeFractionalPercentJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { CorsPolicyJson } from '@weft/envoy-api/envoy/extensions/filters/http/cors/v3/cors_pb';
import type { HTTPFaultJson } from '@weft/envoy-api/envoy/extensions/filters/http/fault/v3/fault_pb';
import type { FractionalPercentJson } from '@weft/envoy-api/envoy/type/v3/percent_pb';
import { formatDuration, parseDurationMs } from '../base/durations.ts';
import type { HttpRouteSpec } from '../mesh/virtual-service.ts';
import { stringMatch } from './route-match.ts';
import { typedConfig } from './typed-config.ts';

type FaultSpec = NonNullable<HttpRouteSpec['fault']>;
type CorsSpec = NonNullable<HttpRouteSpec['corsPolicy']>;

const faultFilter = 'envoy.filters.http.fault';
const corsFilter = 'envoy.filters.http.cors';

const grpcStatusByName: Readonly<Record<string, number>> = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};

/** Settings of the fault and CORS filters for one route; undefined when it has none. */
export function perRouteFilters(spec: HttpRouteSpec) {
  const fault = spec.fault ? faultConfig(spec.fault) : null;
  const cors = spec.corsPolicy ? corsConfig(spec.corsPolicy) : null;
  if (!fault && !cors) return undefined;
  return {
    ...(cors ? { [corsFilter]: typedConfig('envoy.extensions.filters.http.cors.v3.CorsPolicy', cors) } : {}),
    ...(fault ? { [faultFilter]: typedConfig('envoy.extensions.filters.http.fault.v3.HTTPFault', fault) } : {}),
  };
}

/** A percentage as parts of a million, so that 0.5 means half a percent. */
export function fractionOfMillion(percent: number): FractionalPercentJson {
  const numerator = Math.trunc(percent * 10_000);
  return { ...(numerator > 0 ? { numerator } : {}), denominator: 'MILLION' };
}

/** A whole percentage. */
export function fractionOfHundred(percent: number): FractionalPercentJson {
  return percent > 0 ? { numerator: percent } : {};
}

/** Faults without a percentage hit nobody. */
function faultConfig(spec: FaultSpec): HTTPFaultJson | null {
  const delayMs = spec.delay?.fixedDelay ? parseDurationMs(spec.delay.fixedDelay) : null;
  const delay =
    spec.delay && delayMs !== null
      ? {
          fixedDelay: formatDuration(delayMs),
          percentage: spec.delay.percentage
            ? fractionOfMillion(spec.delay.percentage.value ?? 0)
            : fractionOfHundred(spec.delay.percent ?? 0),
        }
      : null;
  const abort = spec.abort ? faultAbort(spec.abort) : null;
  if (!delay && !abort) return null;
  return { ...(delay ? { delay } : {}), ...(abort ? { abort } : {}) };
}

function faultAbort(spec: NonNullable<FaultSpec['abort']>): HTTPFaultJson['abort'] | null {
  const percentage = spec.percentage ? { percentage: fractionOfMillion(spec.percentage.value ?? 0) } : {};
  if (spec.httpStatus !== undefined) return { httpStatus: spec.httpStatus, ...percentage };
  if (spec.grpcStatus === undefined) return null;
  return { grpcStatus: grpcStatusByName[spec.grpcStatus] ?? 0, ...percentage };
}

function corsConfig(spec: CorsSpec): CorsPolicyJson {
  const origins = spec.allowOrigins
    ? spec.allowOrigins.map((origin) => stringMatch(origin)).filter((matcher) => matcher !== null)
    : (spec.allowOrigin ?? []).map(legacyOrigin);
  const maxAgeMs = spec.maxAge ? parseDurationMs(spec.maxAge) : null;
  return {
    ...(origins.length > 0 ? { allowOriginStringMatch: origins } : {}),
    ...(spec.allowMethods?.length ? { allowMethods: spec.allowMethods.join(',') } : {}),
    ...(spec.allowHeaders?.length ? { allowHeaders: spec.allowHeaders.join(',') } : {}),
    ...(spec.exposeHeaders?.length ? { exposeHeaders: spec.exposeHeaders.join(',') } : {}),
    ...(maxAgeMs === null ? {} : { maxAge: String(Math.trunc(maxAgeMs / 1000)) }),
    ...(spec.allowCredentials === undefined ? {} : { allowCredentials: spec.allowCredentials }),
    filterEnabled: { defaultValue: { numerator: 100 } } satisfies RuntimeFractionalPercentJson,
    forwardNotMatchingPreflights: spec.unmatchedPreflights !== 'IGNORE',
  };
}

function legacyOrigin(origin: string) {
  return { exact: origin };
}
