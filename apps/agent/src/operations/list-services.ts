import type { Service } from '@weft/core/mesh/service';
import type { TrafficScope } from '../api/agent-api.ts';
import type { ServiceList, ServiceSummary } from '../api/types.ts';
import { resourceId } from '../store/resource-id.ts';
import type { TrafficLabels } from '../telemetry/traffic-labels.ts';
import { TrafficSum } from '../telemetry/traffic-sum.ts';
import { canonicalNames } from '../telemetry/workload-index.ts';
import type { AgentParts } from './agent-parts.ts';
import { countFindings, findingsOf, isSelected } from './counts.ts';
import { emptyReason, isCountedOnce, windowOf } from './traffic-window.ts';
import { effectiveMode, workloadsOfService } from './workload-facts.ts';

/** Every service of the mesh with its traffic. */
export function listServices(parts: AgentParts, scope: TrafficScope): ServiceList {
  const window = windowOf(parts, scope);
  const sums = sumByService(parts, window);
  const services = parts.config.current
    .mesh()
    .services.filter(({ namespace }) => isSelected(scope.namespaces, namespace))
    .map((service) =>
      summarizeService(parts, service, { sum: sums.get(service.hostname) ?? new TrafficSum(), seconds: window.recordedSeconds }),
    )
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const isFiltered = scope.namespaces.length > 0;
  return {
    at: window.to,
    windowSeconds: window.seconds,
    services,
    empty: emptyReason(parts, { isEmpty: services.length === 0, isFiltered }),
  };
}

/** Traffic by the host that was called. */
export function sumByService(
  parts: AgentParts,
  { from, to }: { readonly from: number; readonly to: number },
): ReadonlyMap<string, TrafficSum> {
  const sums = new Map<string, TrafficSum>();
  parts.series.each(from, to, (labels, increases, recent) => {
    if (!isCountedOnce(labels)) return;
    const host = hostOf(labels);
    const sum = sums.get(host) ?? new TrafficSum();
    sums.set(host, sum);
    sum.add(labels, increases, recent);
  });
  return sums;
}

/** The host a series is about. */
export function hostOf({ destinationService }: TrafficLabels): string {
  return destinationService.toLowerCase().replace(/:\d+$/, '');
}

/** One service with its traffic. */
export function summarizeService(
  parts: AgentParts,
  service: Service,
  { sum, seconds }: { readonly sum: TrafficSum; readonly seconds: number },
): ServiceSummary {
  const mesh = parts.config.current.mesh();
  const workloads = workloadsOfService(mesh, service);
  const endpoints = mesh.endpointsByService.get(service.key)?.endpoints ?? [];
  const modes = [...new Set(workloads.map((workload) => effectiveMode(mesh, workload).mode))];
  const connected = new Set(parts.registry.connections().map(({ node }) => `${node.namespace}/${node.name}`));
  return {
    key: service.key,
    hostname: service.hostname,
    namespace: service.namespace,
    name: service.name,
    registry: service.registry,
    ports: service.ports.map(({ name, number, protocol }) => ({ name, number, protocol })),
    health: sum.health(),
    stats: sum.stats(seconds),
    versions: [...new Set(workloads.map(({ labels, workloadName }) => canonicalNames(labels, workloadName).version))].sort(),
    endpoints: { healthy: endpoints.filter(({ health }) => health === 'healthy').length, total: endpoints.length },
    mtls: modes.length === 1 ? (modes[0] ?? null) : null,
    hasSidecars: workloads.length > 0 && workloads.every(({ namespace, name }) => connected.has(`${namespace}/${name}`)),
    findings: countFindings(findingsOf(parts.config.findings(), new Set([resourceId(service.ref)]))),
  };
}
