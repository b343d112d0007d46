import type { SlowStartPlan } from '../plan/cluster-plan.ts';

/** The part of its weight that a host gets while it is new: `(age / window) ^ (1 / aggression)`, at least the configured minimum. */
export function slowStartFactor(host: { readonly healthySinceMs: number }, plan: SlowStartPlan | null, nowMs: number): number {
  if (plan === null || !isInSlowStart(host, plan, nowMs)) return 1;
  const age = Math.max(1, nowMs - host.healthySinceMs);
  const aggression = plan.aggression > 0 ? plan.aggression : 1;
  return Math.max(plan.minWeightPercent / 100, (age / plan.windowMs) ** (1 / aggression));
}

/** Whether a host became healthy less than a window ago. */
export function isInSlowStart(host: { readonly healthySinceMs: number }, plan: SlowStartPlan | null, nowMs: number): boolean {
  return plan !== null && nowMs - host.healthySinceMs < plan.windowMs;
}
