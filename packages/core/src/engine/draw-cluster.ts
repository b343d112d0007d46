import type { RequestFacts } from '../plan/facts.ts';
import type { ForwardActionPlan, WeightedClusterPlan } from '../plan/route-plan.ts';

/** The cluster of a split that a draw (a whole number from 0, taken modulo the weights' sum) falls on; a header may give the number instead. */
export function drawWeighted(action: ForwardActionPlan, facts: Pick<RequestFacts, 'header'>, draw: number): WeightedClusterPlan {
  const { clusters, totalWeight, weightHeader } = action;
  if (clusters.length === 1) return clusters[0] as WeightedClusterPlan;
  const given = weightHeader === null ? undefined : facts.header(weightHeader);
  const number = given !== undefined && /^\d+$/.test(given) ? Number(given) : draw;
  let left = number % Math.max(1, totalWeight);
  for (const cluster of clusters) {
    if (left < cluster.weight) return cluster;
    left -= cluster.weight;
  }
  return clusters[clusters.length - 1] as WeightedClusterPlan;
}
