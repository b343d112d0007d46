import type { ForwardDecision } from '@weft/core/engine/decision';
import { drawWeighted } from '@weft/core/engine/draw-cluster';
import type { Cluster } from '../upstream/cluster.ts';
import type { ExchangeRecord } from './exchange-record.ts';

/** Draws the route's cluster for this request and notes it there; null when the proxy does not know it. */
export function chooseCluster(exchange: ExchangeRecord, decision: ForwardDecision): Cluster | null {
  const weighted =
    decision.weighted ?? drawWeighted(decision.action, exchange, Math.floor(exchange.context.random() * decision.action.totalWeight));
  exchange.weighted = weighted;
  const name = weighted.clusterHeader === null ? weighted.name : firstValue(exchange, weighted.clusterHeader);
  const cluster = exchange.context.clusters.get(name) ?? null;
  exchange.cluster = cluster;
  return cluster;
}

function firstValue(exchange: ExchangeRecord, name: string): string {
  const value = exchange.header(name) ?? '';
  return value.includes(',') ? (exchange.headerValues(name)[0] ?? '') : value;
}
