import type { SlowStartPlan } from '../plan/cluster-plan.ts';

/** The part of its weight that a host gets while it is new: `(age / window) ^ (1 / aggression)`, at least the configured minimum. */
export function slowStartFactor(host: { readonly healthySinceMs: number }, plan: SlowStartPlan | null, nowMs: number): number {
  if (plan === null || plan.windowMs <= 0) return 1;
  const age = Math.max(1, nowMs - host.healthySinceMs);
  if (age >= plan.windowMs) return 1;
  return Math.max(plan.minWeightPercent / 100, (age / plan.windowMs) ** (1 / plan.aggression));
}
