import type { RequestFacts } from '../plan/facts.ts';
import type { HttpConnectionManagerPlan } from '../plan/http-connection-plan.ts';
import type { ForwardActionPlan, RetryPolicyPlan } from '../plan/route-plan.ts';
import type { RequestTimeouts } from './decision.ts';
import { isGrpc } from './match-route.ts';

/** The deadlines of a request: the route's, overridden by `grpc-timeout` and the `x-envoy-…` headers as Envoy's router does. */
export function timeoutsOf(
  action: ForwardActionPlan,
  facts: RequestFacts,
  http: HttpConnectionManagerPlan,
  retry: RetryPolicyPlan | null,
): RequestTimeouts {
  const grpc = grpcTimeout(action, facts);
  const maxStreamDurationMs = streamDuration(action, facts, http.common.maxStreamDurationMs);
  const header = milliseconds(facts.header('x-envoy-upstream-rq-timeout-ms'));
  const routeMs = header ?? grpc ?? action.timeoutMs;
  const perTry = milliseconds(facts.header('x-envoy-upstream-rq-per-try-timeout-ms')) ?? retry?.perTryTimeoutMs ?? null;
  return {
    routeMs,
    // A per-try timeout that is not shorter than the whole is none (Envoy `FilterUtility::finalTimeout`).
    perTryMs: perTry === null || perTry === 0 || (routeMs > 0 && perTry >= routeMs) ? null : perTry,
    perTryIdleMs: retry?.perTryIdleTimeoutMs || null,
    idleMs: action.idleTimeoutMs,
    flushMs: action.flushTimeoutMs ?? (http.flushFollowsIdle ? action.idleTimeoutMs : null),
    maxStreamDurationMs,
    grpcHeader: grpc !== null ? 'expected' : action.setsStreamDuration && isGrpc(facts) ? grpcHeaderOf(maxStreamDurationMs, http) : null,
    lateStatus: facts.isInternal && facts.header('x-envoy-upstream-rq-timeout-alt-response') !== undefined ? 204 : 504,
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

/** The longest life of the stream: the gRPC header's where it is honoured, which may be over at once; else the route's or the manager's; null = any. */
function streamDuration(action: ForwardActionPlan, facts: RequestFacts, managerMs: number): number | null {
  const cap = action.grpcTimeoutHeaderMaxMs;
  const asked = cap === null ? null : parseGrpcTimeout(facts.header('grpc-timeout'));
  if (cap === null || asked === null) return (action.maxStreamDurationMs ?? managerMs) || null;
  return Math.max(0, (cap > 0 ? Math.min(cap, asked) : asked) - action.grpcTimeoutHeaderOffsetMs);
}

/** What a stream without end says of it: nothing new, unless a deadline of the manager was lifted. */
function grpcHeaderOf(durationMs: number | null, http: HttpConnectionManagerPlan): RequestTimeouts['grpcHeader'] {
  if (durationMs !== null) return 'stream';
  return http.common.maxStreamDurationMs > 0 ? 'none' : null;
}

/** Milliseconds as a `grpc-timeout` header: eight digits at most, in the smallest unit that they do for. */
export function formatGrpcTimeout(ms: number): string {
  let amount = ms;
  for (const [unit, next] of [
    ['m', 1000],
    ['S', 60],
    ['M', 60],
  ] as const) {
    if (amount <= maxGrpcTimeout) return `${amount}${unit}`;
    amount = Math.floor(amount / next);
  }
  return `${Math.min(amount, maxGrpcTimeout)}H`;
}

const maxGrpcTimeout = 99_999_999;

/** An offset never turns a deadline into none. */
function lessOffset(ms: number, offset: number): number {
  return offset > 0 && offset < ms ? ms - offset : ms;
}

function milliseconds(value: string | undefined): number | null {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : null;
}
