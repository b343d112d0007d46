import type { Labels } from '../base/labels.ts';
import type { ResourceSet } from '../resource/kinds.ts';
import type { Container, Pod, PodController } from '../resource/kubernetes-types.ts';
import type { Resource } from '../resource/resource.ts';
import { labelsOf, object, objects, text } from './fields.ts';

/** Something that runs and can be selected by labels: a Pod, a WorkloadEntry, or the pods that a controller will make. */
export interface Workload {
  readonly resource: Resource;
  readonly kind: 'Pod' | 'WorkloadEntry' | 'Controller';
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly containers: readonly Container[];
  /** Name of its service account, or `''` when it names none. */
  readonly serviceAccount: string;
}

/** A pod as a workload. */
export function podWorkload(pod: Pod): Workload {
  const spec = object(pod.spec);
  return {
    resource: pod,
    kind: 'Pod',
    namespace: pod.ref.namespace,
    name: pod.ref.name,
    labels: pod.labels,
    annotations: pod.annotations,
    containers: [...objects(spec.containers), ...objects(spec.initContainers)].map(([, container]) => container),
    serviceAccount: text(spec.serviceAccountName) || text(spec.serviceAccount),
  };
}

/** The pods that a Deployment, StatefulSet, DaemonSet or ReplicaSet makes, as one workload. */
export function controllerWorkload(controller: PodController): Workload {
  const template = object(object(controller.spec).template);
  const metadata = object(template.metadata);
  const spec = object(template.spec);
  return {
    resource: controller,
    kind: 'Controller',
    namespace: controller.ref.namespace,
    name: controller.ref.name,
    labels: labelsOf(metadata.labels),
    annotations: labelsOf(metadata.annotations),
    containers: [...objects(spec.containers), ...objects(spec.initContainers)].map(([, container]) => container),
    serviceAccount: text(spec.serviceAccountName) || text(spec.serviceAccount),
  };
}

/** The WorkloadEntries of a set as workloads. */
export function entryWorkloads(set: ResourceSet): readonly Workload[] {
  return set.ofKind('WorkloadEntry').map((entry) => {
    const spec = object(entry.spec);
    return {
      resource: entry,
      kind: 'WorkloadEntry',
      namespace: entry.ref.namespace,
      name: entry.ref.name,
      labels: { ...labelsOf(spec.labels), ...entry.labels },
      annotations: entry.annotations,
      containers: [],
      serviceAccount: text(spec.serviceAccount),
    };
  });
}

/**
 * Whether a workload has a sidecar, as Istio's analyzers judge it: a container `istio-proxy`, else the label or annotation `sidecar.istio.io/inject`, else
 * the labels of its namespace. WorkloadEntries are in the mesh.
 */
export function isInMesh(workload: Workload, namespace: Resource | null): boolean {
  if (workload.kind === 'WorkloadEntry') return true;
  if (workload.containers.find((container) => container.name === 'istio-proxy')?.image) return true;
  const asked = workload.labels['sidecar.istio.io/inject'] ?? workload.annotations['sidecar.istio.io/inject'];
  if (asked !== undefined) return asked === 'true';
  return namespace !== null && namespace.labels['istio-injection'] === 'enabled';
}

/** Whether a workload is in the mesh or may be: it does not refuse, and its namespace is unknown, or joins by revision or in ambient mode. */
export function mayBeInMesh(workload: Workload, namespace: Resource | null): boolean {
  if (isInMesh(workload, namespace) || isAmbient(workload)) return true;
  const asked = workload.labels['sidecar.istio.io/inject'] ?? workload.annotations['sidecar.istio.io/inject'];
  if (asked !== undefined) return false;
  return namespace === null || Boolean(namespace.labels['istio.io/rev']) || namespace.labels['istio.io/dataplane-mode'] === 'ambient';
}

/** Whether a workload is captured by the ambient data plane instead of a sidecar. */
export function isAmbient(workload: Workload): boolean {
  return workload.annotations['ambient.istio.io/redirection'] === 'enabled';
}
