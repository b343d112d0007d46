import type { Cluster_SlowStartConfigJson, ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import { formatDuration, parseDurationMs } from '../base/durations.ts';
import type { ConsistentHash, LoadBalancer } from '../mesh/traffic-policy.ts';

/** How a cluster chooses among its hosts: the one with the fewest requests, unless something else is asked for. */
export function loadBalancerFields(spec: LoadBalancer | undefined): ClusterJson {
  if (spec?.consistentHash) return hashFields(spec.consistentHash);
  const slowStart = slowStartOf(spec);
  switch (spec?.simple) {
    case 'RANDOM':
      return { lbPolicy: 'RANDOM' };
    case 'ROUND_ROBIN':
      return slowStart ? { roundRobinLbConfig: { slowStartConfig: slowStart } } : {};
    default:
      return { lbPolicy: 'LEAST_REQUEST', ...(slowStart ? { leastRequestLbConfig: { slowStartConfig: slowStart } } : {}) };
  }
}

function hashFields(spec: ConsistentHash): ClusterJson {
  if (spec.maglev) {
    const { tableSize } = spec.maglev;
    return { lbPolicy: 'MAGLEV', ...(tableSize ? { maglevLbConfig: { tableSize: String(tableSize) } } : {}) };
  }
  if (spec.ringHash) {
    const { minimumRingSize } = spec.ringHash;
    return { lbPolicy: 'RING_HASH', ...(minimumRingSize ? { ringHashLbConfig: { minimumRingSize: String(minimumRingSize) } } : {}) };
  }
  return { lbPolicy: 'RING_HASH', ringHashLbConfig: { minimumRingSize: String(spec.minimumRingSize || 1024) } };
}

/** New hosts get their share of requests little by little. */
function slowStartOf(spec: LoadBalancer | undefined): Cluster_SlowStartConfigJson | null {
  const { warmup, warmupDurationSecs } = spec ?? {};
  const windowMs = parseDurationMs(warmup?.duration ?? warmupDurationSecs ?? '');
  if (windowMs === null) return null;
  const slowStartWindow = formatDuration(windowMs);
  if (!warmup) return { slowStartWindow };
  return {
    slowStartWindow,
    aggression: { defaultValue: warmup.aggression ?? 1, runtimeKey: '(' },
    minWeightPercent: { value: warmup.minimumPercent ?? 10 },
  };
}
