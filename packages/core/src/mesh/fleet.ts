import type { Mesh } from './mesh.ts';
import type { ProxyNode } from './proxy-node.ts';
import type { Endpoint, Service } from './service.ts';
import type { Workload } from './workload.ts';

const defaultGrouping = 'pod-template-hash';

/**
 * The proxies that do what this one does, itself among them: the healthy endpoints, one for each address, of the services it serves that belong to the same
 * workload and agree in the grouping labels. A proxy that balances by zone must know how many mates it has where. Empty unless the proxy asks with
 * `ENABLE_SELF_DISCOVERY`, and for gateways.
 */
export function fleetOf(mesh: Mesh, node: ProxyNode, workload: Workload | null, services: readonly Service[]): readonly Endpoint[] {
  if (!discoversItself(node)) return [];
  const workloadName = workload?.workloadName || textOf(node, 'WORKLOAD_NAME');
  const grouping = (textOf(node, 'SELF_DISCOVERY_GROUPING_LABEL_NAMES') || defaultGrouping).split(',').map((name) => name.trim());
  const mateByAddress = new Map<string, Endpoint>();
  for (const service of [...new Set(services)].sort((a, b) => (a.hostname < b.hostname ? -1 : 1))) {
    for (const endpoint of mesh.endpointsByService.get(service.key)?.endpoints ?? []) {
      const isMate =
        endpoint.namespace === node.namespace &&
        endpoint.workloadName === workloadName &&
        grouping.every((name) => (endpoint.labels[name] ?? '') === (node.labels[name] ?? ''));
      if (isMate && endpoint.health === 'healthy' && !mateByAddress.has(endpoint.address)) mateByAddress.set(endpoint.address, endpoint);
    }
  }
  return [...mateByAddress.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
}

/** Whether a proxy's bootstrap has a cluster for its own fleet. */
export function discoversItself({ type, metadata }: ProxyNode): boolean {
  const asked = metadata.ENABLE_SELF_DISCOVERY;
  return type === 'sidecar' && (asked === true || asked === 'true' || asked === '1');
}

function textOf({ metadata }: ProxyNode, key: string): string {
  const value = metadata[key];
  return typeof value === 'string' ? value : '';
}
