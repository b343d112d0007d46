import type { ClusterPlan } from '@weft/core/plan/cluster-plan';

const connectionKeys = new WeakMap<ClusterPlan, string>();

/** What the hosts and connections of a cluster are made of: equal where an update can keep them. */
export function connectionKey(plan: ClusterPlan): string {
  const known = connectionKeys.get(plan);
  if (known !== undefined) return known;
  const source = plan.source as Record<string, unknown>;
  const key = JSON.stringify([
    plan.discovery,
    plan.edsName,
    plan.discovery.endsWith('DNS') ? source.loadAssignment : null,
    source.transportSocket,
    source.transportSocketMatches,
    source.typedExtensionProtocolOptions,
    source.http2ProtocolOptions,
    source.upstreamBindConfig,
  ]);
  connectionKeys.set(plan, key);
  return key;
}
