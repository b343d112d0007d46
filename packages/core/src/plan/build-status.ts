import type { HttpStatusJson } from '@weft/envoy-api/envoy/type/v3/http_status_pb';
import { StatusCode } from '@weft/envoy-api/envoy/type/v3/http_status_pb';

/** The number of a protojson `HttpStatus` (its code is an enum name such as `TooManyRequests`). */
export function statusCode(json: HttpStatusJson | undefined, fallback: number): number {
  const code: unknown = json?.code;
  if (typeof code === 'number') return code || fallback;
  const number = typeof code === 'string' ? (StatusCode as unknown as Record<string, number>)[code] : undefined;
  return number || fallback;
}
