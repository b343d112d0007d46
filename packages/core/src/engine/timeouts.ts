import type { RequestFacts } from '../plan/facts.ts';
import type { HttpConnectionManagerPlan } from '../plan/http-connection-plan.ts';
import type { ForwardActionPlan } from '../plan/route-plan.ts';
import type { RequestTimeouts } from './decision.ts';
import { isGrpc } from './match-route.ts';

/** The deadlines of a request: the route's, overridden by `grpc-timeout` and the `x-envoy-…` headers as Envoy's router does. */
export function timeoutsOf(action: ForwardActionPlan, facts: RequestFacts, http: HttpConnectionManagerPlan): RequestTimeouts {
  const grpc = grpcTimeout(action, facts);
  const header = milliseconds(facts.header('x-envoy-upstream-rq-timeout-ms'));
  const routeMs = header ?? grpc ?? action.timeoutMs;
  const perTry = milliseconds(facts.header('x-envoy-upstream-rq-per-try-timeout-ms')) ?? action.retry?.perTryTimeoutMs ?? null;
  return {
    routeMs,
    // A per-try timeout that is not shorter than the whole is none (Envoy `FilterUtility::finalTimeout`).
    perTryMs: perTry === null || perTry === 0 || (routeMs > 0 && perTry >= routeMs) ? null : perTry,
    perTryIdleMs: action.retry?.perTryIdleTimeoutMs ?? null,
    idleMs: action.idleTimeoutMs,
    maxStreamDurationMs: (streamDuration(action, facts) ?? http.common.maxStreamDurationMs) || null,
    fromHeader: header !== null || grpc !== null,
  };
}

/** `10S`, `250m` … of the `grpc-timeout` header in ms; null when absent or malformed. */
export function parseGrpcTimeout(value: string | undefined): number | null {
  const found = value === undefined ? null : /^(\d{1,8})([HMSmun])$/.exec(value);
  if (!found) return null;
  const amount = Number(found[1]);
  switch (found[2]) {
    case 'H':
      return amount * 3_600_000;
    case 'M':
      return amount * 60_000;
    case 'S':
      return amount * 1000;
    case 'm':
      return amount;
    case 'u':
      return Math.ceil(amount / 1000);
    default:
      return Math.ceil(amount / 1_000_000);
  }
}

/** The deprecated `max_grpc_timeout` puts the header's deadline in place of the route timeout; a missing header means the cap. */
function grpcTimeout(action: ForwardActionPlan, facts: RequestFacts): number | null {
  const cap = action.maxGrpcTimeoutMs;
  if (cap === null || !isGrpc(facts)) return null;
  const asked = lessOffset(parseGrpcTimeout(facts.header('grpc-timeout')) ?? 0, action.grpcTimeoutOffsetMs);
  return cap > 0 && (asked === 0 || asked > cap) ? cap : asked;
}

/** The longest life of the stream: the gRPC header where it is honoured, else the route's; null = not set by the route. */
function streamDuration(action: ForwardActionPlan, facts: RequestFacts): number | null {
  const cap = action.grpcTimeoutHeaderMaxMs;
  const asked = cap === null ? null : parseGrpcTimeout(facts.header('grpc-timeout'));
  if (cap === null || asked === null) return action.maxStreamDurationMs;
  return lessOffset(cap > 0 ? Math.min(cap, asked) : asked, action.grpcTimeoutHeaderOffsetMs);
}

/** An offset never turns a deadline into none. */
function lessOffset(ms: number, offset: number): number {
  return offset > 0 && offset < ms ? ms - offset : ms;
}

function milliseconds(value: string | undefined): number | null {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : null;
}
