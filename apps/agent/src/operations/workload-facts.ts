import type { Mesh } from '@weft/core/mesh/mesh';
import type { EffectivePeerAuthentication } from '@weft/core/mesh/peer-authentication';
import { effectivePeerAuthentication } from '@weft/core/mesh/peer-authentication';
import type { Service } from '@weft/core/mesh/service';
import type { Workload } from '@weft/core/mesh/workload';
import type { NodeBadge } from '../api/types.ts';
import type { AgentParts } from './agent-parts.ts';

/** Keys of the services a workload stands behind. */
export function servicesOfWorkload(mesh: Mesh, workload: Workload): readonly string[] {
  return mesh.services.filter((service) => selects(service, workload)).map(({ key }) => key);
}

/** The workloads behind a service. */
export function workloadsOfService(mesh: Mesh, service: Service): readonly Workload[] {
  return mesh.workloads.filter((workload) => selects(service, workload));
}

/** Which connections a workload takes, and why. */
export function effectiveMode(mesh: Mesh, workload: Workload): EffectivePeerAuthentication {
  return effectivePeerAuthentication(mesh.policyIndex.peerAuthentications, workload.namespace, workload.labels);
}

/** What the rules for some services do to their traffic. */
export function routingBadges(parts: AgentParts, keys: readonly string[]): readonly NodeBadge[] {
  const mesh = parts.config.current.mesh();
  const hosts = new Set(keys.flatMap((key) => mesh.serviceByKey.get(key)?.hostname ?? []));
  const badges = new Set<NodeBadge>();
  for (const { hosts: ruleHosts, http } of mesh.virtualServices) {
    if (!ruleHosts.some((host) => hosts.has(host))) continue;
    badges.add('routing');
    for (const { spec } of http) {
      if (spec.fault) badges.add('fault');
      if (spec.timeout) badges.add('timeout');
      if (spec.mirror || spec.mirrors?.length) badges.add('mirror');
    }
  }
  for (const policies of mesh.destinationPoliciesByNamespace.values()) {
    for (const { host, trafficPolicy } of policies) {
      if (hosts.has(host) && (trafficPolicy?.outlierDetection || trafficPolicy?.connectionPool)) badges.add('circuit-breaker');
    }
  }
  return [...badges];
}

function selects(service: Service, workload: Workload): boolean {
  if (!service.selector || service.namespace !== workload.namespace || Object.keys(service.selector).length === 0) return false;
  return Object.entries(service.selector).every(([key, value]) => workload.labels[key] === value);
}
