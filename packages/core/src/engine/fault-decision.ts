import type { RequestFacts } from '../plan/facts.ts';
import type { FaultPlan } from '../plan/http-filter-plan.ts';
import type { FaultDecision } from './decision.ts';
import { grpcToHttp } from './grpc-to-http.ts';
import { isGrpc } from './match-route.ts';

/** The delay and abort of a fault, null for none; header-driven ones read their values from the request. */
export function faultOf(fault: FaultPlan, facts: RequestFacts): FaultDecision | null {
  const { delay, abort } = fault;
  const delayMs = delay ? (delay.fromHeader ? headerNumber(facts, 'x-envoy-fault-delay-request') : (delay.fixedMs ?? 0)) : 0;
  const status = abort?.fromHeader ? headerNumber(facts, 'x-envoy-fault-abort-request') : (abort?.httpStatus ?? 0);
  const grpc = abort?.fromHeader ? headerNumber(facts, 'x-envoy-fault-abort-grpc-request') || null : (abort?.grpcStatus ?? null);
  if (delayMs === 0 && status === 0 && grpc === null && !fault.responseRateLimit) return null;
  return {
    fault,
    delayMs,
    delayFraction: delay && delayMs > 0 ? delay.fraction : null,
    abortStatus: status || (grpc !== null && !isGrpc(facts) ? grpcToHttp(grpc) : grpc !== null ? 200 : 0),
    abortGrpcStatus: grpc,
    abortFraction: abort && (status > 0 || grpc !== null) ? abort.fraction : null,
  };
}

function headerNumber(facts: RequestFacts, name: string): number {
  const value = facts.header(name);
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : 0;
}
