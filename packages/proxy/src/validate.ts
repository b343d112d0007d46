import { buildPlan } from '@weft/core/plan/build-plan';
import { adsTargetOf } from './xds/ads-target.ts';
import { type Bootstrap, staticSnapshot } from './xds/bootstrap.ts';

/** What keeps a bootstrap from being used; empty when nothing does. */
export function validateBootstrap(bootstrap: Bootstrap): readonly string[] {
  const problems: string[] = [];
  try {
    adsTargetOf(bootstrap);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  const plan = buildPlan(staticSnapshot(bootstrap), null);
  for (const { name, message, fatal } of plan.problems) if (fatal) problems.push(`${name}: ${message}`);
  return problems;
}
