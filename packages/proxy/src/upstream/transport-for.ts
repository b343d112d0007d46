import type { ClusterPlan, EndpointPlan, UpstreamTransportPlan } from '@weft/core/plan/cluster-plan';

/** The transport socket of an endpoint: the first match on its metadata, else the cluster's own. */
export function transportFor(plan: ClusterPlan, endpoint: EndpointPlan): UpstreamTransportPlan {
  const labels = endpoint.metadata['envoy.transport_socket_match'] ?? {};
  for (const { match, transport } of plan.transportMatches) {
    if (Object.entries(match).every(([key, value]) => labels[key] === value)) return transport;
  }
  return plan.transport;
}
