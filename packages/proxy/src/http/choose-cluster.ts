import type { ForwardDecision } from '@weft/core/engine/decision';
import type { WeightedClusterPlan } from '@weft/core/plan/route-plan';
import type { Cluster } from '../upstream/cluster.ts';
import type { ExchangeRecord } from './exchange-record.ts';

/** Draws the route's cluster for this request and notes it there; null when the proxy does not know it. */
export function chooseCluster(exchange: ExchangeRecord, decision: ForwardDecision): Cluster | null {
  const weighted = drawWeighted(exchange, decision);
  exchange.weighted = weighted;
  const name = weighted.clusterHeader === null ? weighted.name : (exchange.header(weighted.clusterHeader) ?? '');
  const cluster = exchange.context.clusters.get(name) ?? null;
  exchange.cluster = cluster;
  return cluster;
}

function drawWeighted(exchange: ExchangeRecord, decision: ForwardDecision): WeightedClusterPlan {
  const { clusters, totalWeight, weightHeader } = decision.action;
  if (clusters.length === 1) return clusters[0] as WeightedClusterPlan;
  const given = weightHeader === null ? undefined : exchange.header(weightHeader);
  const draw = given !== undefined && /^\d+$/.test(given) ? Number(given) : Math.floor(exchange.context.random() * totalWeight);
  let left = draw % Math.max(1, totalWeight);
  for (const cluster of clusters) {
    if (left < cluster.weight) return cluster;
    left -= cluster.weight;
  }
  return clusters[clusters.length - 1] as WeightedClusterPlan;
}
