import type { Cluster_SlowStartConfigJson, ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { ClientSideWeightedRoundRobinJson } from '@weft/envoy-api/envoy/extensions/load_balancing_policies/client_side_weighted_round_robin/v3/client_side_weighted_round_robin_pb';
import { formatDuration, parseDurationMs } from '../base/durations.ts';
import type { BackendUtilization, ConsistentHash, LoadBalancer } from '../mesh/traffic-policy.ts';
import { protoDuration } from './proto-duration.ts';
import { typedConfig } from './typed-config.ts';

/** How a cluster chooses among its hosts: the one with the fewest requests, unless something else is asked for. */
export function loadBalancerFields(spec: LoadBalancer | undefined): ClusterJson {
  if (spec?.consistentHash) return hashFields(spec.consistentHash);
  if (spec?.backendUtilization) return utilizationFields(spec.backendUtilization);
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

/** Weights by what hosts report of their load; Envoy does nothing about errors unless it is told how much they weigh. */
function utilizationFields(spec: BackendUtilization): ClusterJson {
  const { weightStabilizationPeriod, weightExpirationPeriod, weightUpdatePeriod } = spec;
  const metrics = spec.metricNamesForComputingUtilization ?? [];
  const config: ClientSideWeightedRoundRobinJson = {
    ...(weightStabilizationPeriod ? { blackoutPeriod: protoDuration(weightStabilizationPeriod, '10s') } : {}),
    ...(weightExpirationPeriod ? { weightExpirationPeriod: protoDuration(weightExpirationPeriod, '180s') } : {}),
    ...(weightUpdatePeriod ? { weightUpdatePeriod: protoDuration(weightUpdatePeriod, '1s') } : {}),
    errorUtilizationPenalty: (spec.errorUtilizationPenaltyPercent ?? 0) / 100,
    ...(metrics.length > 0 ? { metricNamesForComputingUtilization: [...metrics] } : {}),
  };
  const name = 'envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin';
  const policy = {
    typedExtensionConfig: {
      name: 'envoy.load_balancing_policies.client_side_weighted_round_robin',
      typedConfig: typedConfig(name, config),
    },
  };
  return { loadBalancingPolicy: { policies: [policy] } };
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
