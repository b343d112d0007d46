import type { Service } from '../../resource/kubernetes-types.ts';
import type { Resource } from '../../resource/resource.ts';
import type { Finding } from '../analyzer.ts';
import { object, objects, scalar } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { fact, list, nameOf } from '../proof.ts';

/** Istio's name of this analyzer, and the one that its package suggests. */
export const multiClusterServicesNames = ['services.MultiClusterServiceAnalyzer', 'multicluster.ServiceAnalyzer'] as const;

/** Services that are one service of the mesh but differ between its clusters. */
export function checkClusterServices(
  services: readonly Service[],
  clusterOf: (resource: Resource) => string,
  report: (finding: Finding) => void,
): void {
  const inClusters = services.filter((service) => clusterOf(service) !== '');
  for (const same of groupBy(inClusters, nameOf).values()) {
    const byCluster = new Map(same.map((service) => [clusterOf(service), service] as const));
    const [first, ...others] = [...byCluster].sort(([a], [b]) => (a < b ? -1 : 1));
    if (!first || others.length === 0) continue;
    const reasons = new Set(others.flatMap(([, service]) => differences(first[1], service)));
    if (reasons.size === 0) continue;
    const differing = others.filter(([, service]) => differences(first[1], service).length > 0);
    report({
      type: 'MultiClusterInconsistentService',
      resource: first[1],
      path: 'spec',
      message: `Service ${nameOf(first[1])} differs between clusters ${list([first, ...differing].map(([cluster]) => cluster))}: ${[...reasons].sort().join(', ')}. Clients get either; declare it the same everywhere.`,
      proof: [first, ...differing].map(([cluster, service]) => fact(service, 'spec', `is the declaration in cluster ${cluster}`)),
    });
  }
}

function differences(a: Service, b: Service): readonly string[] {
  const [left, right] = [object(a.spec), object(b.spec)];
  return [
    ...((left.clusterIP === 'None') === (right.clusterIP === 'None') ? [] : ['headless in one, not in the other']),
    ...((left.type ?? '') === (right.type ?? '') ? [] : ['another type']),
    ...(portsOf(left) === portsOf(right) ? [] : ['other ports']),
  ];
}

function portsOf(spec: Partial<NonNullable<Service['spec']>>): string {
  const ports = objects(spec.ports).map(([, port]) => [
    scalar(port.name),
    scalar(port.protocol),
    scalar(port.appProtocol),
    scalar(port.port),
    scalar(port.targetPort),
    scalar(port.nodePort),
  ]);
  return JSON.stringify(ports.sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0)));
}
