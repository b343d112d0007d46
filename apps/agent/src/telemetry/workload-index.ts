import type { Mesh } from '@weft/core/mesh/mesh';
import type { Workload } from '@weft/core/mesh/workload';
import type { TrafficPeer } from '../api/types.ts';

/** Workloads by what access records know them by: address and port, or identity. */
export interface WorkloadIndex {
  /** The workload that listens at `ip:port`. */
  at(address: string): Workload | null;
  /** Whether callers with a proxy reach `ip:port` by mTLS. */
  acceptsMtls(address: string): boolean;
  /** The workload of an identity (`cluster.local/ns/a/sa/b`); null when several or none have it. */
  ofPrincipal(principal: string): Workload | null;
}

export const noPeer: TrafficPeer = { workload: '', namespace: '', app: '', version: '', address: '', principal: null };

export function createWorkloadIndex(mesh: Mesh): WorkloadIndex {
  const byAddress = new Map<string, Workload>();
  const mtls = new Set<string>();
  const byAccount = new Map<string, Workload | null>();
  for (const endpointSet of mesh.endpointsByService.values()) {
    for (const { address, port, ref, acceptsMtls } of endpointSet.endpoints) {
      if (acceptsMtls) mtls.add(`${address}:${port}`);
      const workload = mesh.workloadByName.get(`${ref.namespace}/${ref.name}`);
      if (workload) byAddress.set(`${address}:${port}`, workload);
    }
  }
  for (const workload of mesh.workloads) {
    for (const address of workload.addresses) {
      for (const port of Object.values(workload.portByName)) byAddress.set(`${address}:${port}`, workload);
    }
    const account = `${workload.namespace}/${workload.serviceAccount}`;
    byAccount.set(account, byAccount.has(account) ? null : workload);
  }
  return {
    acceptsMtls: (address) => mtls.has(address),
    at: (address) => byAddress.get(address) ?? null,
    ofPrincipal: (principal) => {
      const match = /\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(principal);
      return match ? (byAccount.get(`${match[1]}/${match[2]}`) ?? null) : null;
    },
  };
}

/** Canonical service and revision as Istio works them out from labels. */
export function canonicalNames(
  labels: Readonly<Record<string, string>>,
  workloadName: string,
): { readonly app: string; readonly version: string } {
  return {
    app: labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels.app ?? workloadName,
    version: labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version'] ?? labels.version ?? 'latest',
  };
}

export function peerOfWorkload(workload: Workload, address: string, principal: string | null): TrafficPeer {
  const { namespace, labels, workloadName } = workload;
  return { workload: workloadName, namespace, ...canonicalNames(labels, workloadName), address, principal };
}
