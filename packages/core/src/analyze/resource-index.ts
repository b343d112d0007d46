import type { ResourceSet } from '../resource/kinds.ts';
import type { Namespace, Service } from '../resource/kubernetes-types.ts';
import type { Resource } from '../resource/resource.ts';
import { groupBy } from './group-by.ts';
import { createLabelIndex, type LabelIndex } from './label-index.ts';
import { createServiceHosts, type ServiceHosts } from './service-hosts.ts';
import { controllerWorkload, entryWorkloads, isInMesh, podWorkload, type Workload } from './workload.ts';

/** A resource set looked up by host, namespace and label; each part is made when it is first asked for. */
export interface ResourceIndex {
  readonly hosts: ServiceHosts;
  /** Pods and WorkloadEntries of the whole set. */
  readonly workloads: LabelIndex<Workload>;
  workloadsIn(namespace: string): LabelIndex<Workload>;
  /** The pods that controllers of a namespace will make. */
  controllersIn(namespace: string): readonly Workload[];
  servicesIn(namespace: string): readonly Service[];
  namespace(name: string): Namespace | null;
  isInMesh(workload: Workload): boolean;
  /** Whether the set says anything about what runs, beyond what analysis adds by itself. Without it, "nothing is selected" means nothing. */
  readonly knowsWorkloads: boolean;
  /** Whether the set says which namespaces there are. */
  readonly knowsNamespaces: boolean;
  /** Whether a namespace is declared, or holds a declared resource. */
  isNamespaceKnown(name: string): boolean;
}

/** Indexes a set; `added` are the resources in it that analysis added by itself. */
export function createResourceIndex(set: ResourceSet, domain: string, added: ReadonlySet<Resource>): ResourceIndex {
  const lazy = createLazy();
  const workloads = lazy(() => [...set.ofKind('Pod').map(podWorkload), ...entryWorkloads(set)]);
  const workloadIndex = lazy(() => createLabelIndex(workloads(), (workload) => workload.labels));
  const byNamespace = lazy(() => groupBy(workloads(), (workload) => workload.namespace));
  const namespaceIndexes = new Map<string, LabelIndex<Workload>>();
  const controllers = lazy(() => groupBy(controllersOf(set), (workload) => workload.namespace));
  const services = lazy(() => groupBy(set.ofKind('Service'), (service) => service.ref.namespace));
  const hosts = lazy(() => createServiceHosts(set, domain));
  const usedNamespaces = lazy(() => new Set(set.all.map((resource) => resource.ref.namespace)));
  const knowsWorkloads = lazy(
    () => controllers().size > 0 || set.ofKind('WorkloadGroup').length > 0 || workloads().some((workload) => !added.has(workload.resource)),
  );
  const namespace = (name: string): Namespace | null => set.get('Namespace', '', name || 'default');
  return {
    get hosts() {
      return hosts();
    },
    get workloads() {
      return workloadIndex();
    },
    workloadsIn(name) {
      const known = namespaceIndexes.get(name);
      if (known) return known;
      const made = createLabelIndex(byNamespace().get(name) ?? [], (workload) => workload.labels);
      namespaceIndexes.set(name, made);
      return made;
    },
    controllersIn: (name) => controllers().get(name) ?? [],
    servicesIn: (name) => services().get(name) ?? [],
    namespace,
    isInMesh: (workload) => isInMesh(workload, set.get('Namespace', '', workload.namespace)),
    get knowsWorkloads() {
      return knowsWorkloads();
    },
    get knowsNamespaces() {
      return set.ofKind('Namespace').length > 0;
    },
    isNamespaceKnown: (name) => namespace(name) !== null || usedNamespaces().has(name),
  };
}

function controllersOf(set: ResourceSet): readonly Workload[] {
  return [...set.ofKind('Deployment'), ...set.ofKind('StatefulSet'), ...set.ofKind('DaemonSet')].map(controllerWorkload);
}

function createLazy(): <T>(make: () => T) => () => T {
  return (make) => {
    let made: { readonly value: ReturnType<typeof make> } | null = null;
    return () => {
      made ??= { value: make() };
      return made.value;
    };
  };
}
