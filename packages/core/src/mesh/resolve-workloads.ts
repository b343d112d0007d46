import type { ResourceSet } from '../resource/kinds.ts';
import type { Resource } from '../resource/resource.ts';
import type { MeshParts } from './mesh.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { groupBy, reuseList } from './reuse.ts';
import type { Workload } from './workload.ts';
import { workloadFromEntry, workloadFromPod } from './workloads.ts';

interface Surroundings {
  readonly settings: MeshSettings;
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** All workloads, WorkloadEntries before Pods, sorted by namespace and name. */
export function resolveAllWorkloads(set: ResourceSet, around: Surroundings, kept: MeshParts | null) {
  const placeInputs = reuseList<Resource>([...set.ofKind('Namespace'), ...set.ofKind('Node')], kept?.placeInputs);
  const known = kept && placeInputs === kept.placeInputs ? kept.workloadByResource : null;
  const place = { ...around, nodeByName: new Map(set.ofKind('Node').map((node) => [node.ref.name, node])) };
  const workloadByResource = new Map<Resource, Workload | null>();
  for (const resource of set.ofKind('WorkloadEntry')) {
    const before = known?.get(resource);
    workloadByResource.set(resource, before === undefined ? workloadFromEntry(resource, place) : before);
  }
  for (const resource of set.ofKind('Pod')) {
    const before = known?.get(resource);
    workloadByResource.set(resource, before === undefined ? workloadFromPod(resource, place) : before);
  }
  const workloads = [...workloadByResource.values()].filter((workload) => workload !== null).sort(compareWorkloads);
  const workloadsByNamespace = new Map<string, readonly Workload[]>();
  for (const [namespace, list] of groupBy(workloads, (workload) => workload.namespace)) {
    workloadsByNamespace.set(namespace, reuseList(list, kept?.workloadsByNamespace.get(namespace)));
  }
  return { workloads, workloadsByNamespace, workloadByResource, placeInputs };
}

function compareWorkloads(a: Workload, b: Workload): number {
  if (a.kind !== b.kind) return a.kind === 'WorkloadEntry' ? -1 : 1;
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
