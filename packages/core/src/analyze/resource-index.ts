import type { Labels } from '../base/labels.ts';
import type { KindKey, ResourceSet } from '../resource/kinds.ts';
import type { Namespace, Service } from '../resource/kubernetes-types.ts';
import type { Resource } from '../resource/resource.ts';
import { labelsOf, object } from './fields.ts';
import { groupBy } from './group-by.ts';
import { createLabelIndex, type LabelIndex } from './label-index.ts';
import { createSelectorIndex } from './selector-index.ts';
import { createServiceHosts, type ServiceHosts } from './service-hosts.ts';
import { controllerWorkload, entryWorkloads, isInMesh, mayBeInMesh, podWorkload, type Workload } from './workload.ts';

/** A resource set looked up by host, namespace and label; each part is made when it is first asked for. */
export interface ResourceIndex {
  readonly hosts: ServiceHosts;
  /** Pods and, unless they do not count, WorkloadEntries of the whole set. */
  readonly workloads: LabelIndex<Workload>;
  workloadsIn(namespace: string): LabelIndex<Workload>;
  /** The pods that controllers will make, of the whole set and of a namespace. */
  readonly controllers: LabelIndex<Workload>;
  controllersIn(namespace: string): LabelIndex<Workload>;
  servicesIn(namespace: string): readonly Service[];
  /** The Services of a namespace whose selector, if they have one, selects these labels. */
  servicesSelecting(namespace: string, labels: Labels): readonly Service[];
  namespace(name: string): Namespace | null;
  isInMesh(workload: Workload): boolean;
  /** Whether it is, or may be for all the set says. */
  mayBeInMesh(workload: Workload): boolean;
  /** Whether the set says anything about what runs, beyond what analysis adds by itself. Without it, "nothing is selected" means nothing. */
  readonly knowsWorkloads: boolean;
  /** The same for one namespace: whether the set shows any workload of it. */
  knowsWorkloadsIn(namespace: string): boolean;
  /** Whether the set says which namespaces there are. */
  readonly knowsNamespaces: boolean;
  /** Whether a namespace is declared, or holds a declared resource. */
  isNamespaceKnown(name: string): boolean;
}

/** The kinds an index looks at, besides the namespaces of all resources. */
export const indexedKinds: ReadonlySet<KindKey> = new Set<KindKey>([
  'DaemonSet',
  'Deployment',
  'Namespace',
  'Pod',
  'Service',
  'ServiceEntry',
  'StatefulSet',
  'WorkloadEntry',
  'WorkloadGroup',
]);

export interface IndexOptions {
  /** DNS suffix of Kubernetes services. */
  readonly domain: string;
  /** The resources in the set that analysis added by itself. */
  readonly added: ReadonlySet<Resource>;
  /** Whether WorkloadEntries do not count as workloads, as for Istio's own analyzers. */
  readonly onlyPods: boolean;
}

/** Indexes a set. */
export function createResourceIndex(set: ResourceSet, { domain, added, onlyPods }: IndexOptions): ResourceIndex {
  const workloads = lazy(() => [...set.ofKind('Pod').map(podWorkload), ...(onlyPods ? [] : entryWorkloads(set))]);
  const controllers = lazy(() => controllersOf(set));
  const workloadIndex = lazy(() => byLabel(workloads()));
  const controllerIndex = lazy(() => byLabel(controllers()));
  const workloadsIn = byNamespace(workloads);
  const controllersIn = byNamespace(controllers);
  const services = lazy(() => groupBy(set.ofKind('Service'), (service) => service.ref.namespace));
  const selectingServices = byKey((name: string) =>
    createSelectorIndex(services().get(name) ?? [], (service) => labelsOf(object(service.spec).selector)),
  );
  const hosts = lazy(() => createServiceHosts(set, domain));
  const usedNamespaces = lazy(() => new Set(set.all.map((resource) => resource.ref.namespace)));
  const described = lazy(
    () =>
      new Set([
        ...[...workloads(), ...controllers()].filter((workload) => !added.has(workload.resource)).map((workload) => workload.namespace),
        ...set.ofKind('WorkloadGroup').map((group) => group.ref.namespace),
      ]),
  );
  const namespace = (name: string): Namespace | null => set.get('Namespace', '', name || 'default');
  return {
    get hosts() {
      return hosts();
    },
    get workloads() {
      return workloadIndex();
    },
    get controllers() {
      return controllerIndex();
    },
    get knowsWorkloads() {
      return described().size > 0;
    },
    get knowsNamespaces() {
      return set.ofKind('Namespace').length > 0;
    },
    workloadsIn,
    controllersIn,
    knowsWorkloadsIn: (name) => described().has(name),
    servicesIn: (name) => services().get(name) ?? [],
    servicesSelecting: (name, labels) => selectingServices(name).selecting(labels),
    namespace,
    isInMesh: (workload) => isInMesh(workload, set.get('Namespace', '', workload.namespace)),
    mayBeInMesh: (workload) => mayBeInMesh(workload, set.get('Namespace', '', workload.namespace)),
    isNamespaceKnown: (name) => namespace(name) !== null || usedNamespaces().has(name),
  };
}

function controllersOf(set: ResourceSet): readonly Workload[] {
  return [...set.ofKind('Deployment'), ...set.ofKind('StatefulSet'), ...set.ofKind('DaemonSet')].map(controllerWorkload);
}

function byLabel(workloads: readonly Workload[]): LabelIndex<Workload> {
  return createLabelIndex(workloads, (workload) => workload.labels);
}

/** A label index for each namespace, made when it is first asked for. */
function byNamespace(workloads: () => readonly Workload[]): (namespace: string) => LabelIndex<Workload> {
  const groups = lazy(() => groupBy(workloads(), (workload) => workload.namespace));
  return byKey((name) => byLabel(groups().get(name) ?? []));
}

function byKey<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    made.set(key, known);
    return known;
  };
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
