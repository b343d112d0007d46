import type { WorkloadEntry } from '../resource/kinds.ts';
import type { Node, Pod } from '../resource/kubernetes-types.ts';
import { localityFromLabels, parseLocality } from './labels.ts';
import { meshNetwork } from './mesh-network.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { registeredAnnotation } from './registered-workload.ts';
import type { Locality } from './service.ts';
import type { Workload } from './workload.ts';

/** Entries of one workload say by it that they are. */
const workloadNameLabel = 'service.istio.io/workload-name';
const tlsModeLabel = 'security.istio.io/tlsMode';
const networkLabel = 'topology.istio.io/network';

/** What stands around a workload and decides its place. */
export interface WorkloadPlace {
  readonly settings: MeshSettings;
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly nodeByName: ReadonlyMap<string, Node>;
}

/** The workload of a WorkloadEntry; null when it has no address and is not reached through another network's gateway. */
export function workloadFromEntry(resource: WorkloadEntry, place: WorkloadPlace): Workload | null {
  const spec = resource.spec ?? {};
  // Both count, those of the metadata before those of the spec.
  const labels = { ...spec.labels, ...resource.labels };
  const network = spec.network || networkOf({ labels, namespace: resource.ref.namespace, address: spec.address ?? '' }, place);
  if (!spec.address && !network) return null;
  const tlsLabel = labels[tlsModeLabel];
  return {
    ref: resource.ref,
    kind: 'WorkloadEntry',
    namespace: resource.ref.namespace,
    name: resource.ref.name,
    addresses: spec.address ? [spec.address] : [],
    labels,
    annotations: resource.annotations,
    serviceAccount: spec.serviceAccount ?? '',
    locality: spec.locality ? parseLocality(spec.locality) : (localityFromLabels(labels) ?? parseLocality('')),
    network,
    cluster: labels['topology.istio.io/cluster'] ?? place.settings.clusterId,
    weight: spec.weight && spec.weight > 0 ? spec.weight : 1,
    portByName: spec.ports ?? {},
    tlsMode: tlsLabel === undefined ? (spec.serviceAccount ? 'istio' : 'disabled') : tlsLabel === 'istio' ? 'istio' : 'disabled',
    isReady: entryIsHealthy(resource),
    nodeName: '',
    hostNetwork: false,
    workloadName: labels[workloadNameLabel] || resource.annotations[registeredAnnotation] || resource.ref.name,
  };
}

/** The workload of a Pod that runs or is about to; null for one that has ended or has no address yet. */
export function workloadFromPod(resource: Pod, place: WorkloadPlace): Workload | null {
  const { spec, raw } = resource;
  const phase = raw.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') return null;
  const addresses = (raw.status?.podIPs ?? []).flatMap((entry) => entry.ip ?? []);
  if (addresses.length === 0 && raw.status?.podIP) addresses.push(raw.status.podIP);
  if (addresses.length === 0) return null;
  const nodeName = spec?.nodeName ?? '';
  return {
    ref: resource.ref,
    kind: 'Pod',
    namespace: resource.ref.namespace,
    name: resource.ref.name,
    addresses,
    labels: resource.labels,
    annotations: resource.annotations,
    serviceAccount: spec?.serviceAccountName ?? spec?.serviceAccount ?? 'default',
    locality: localityFromLabels(resource.labels) ?? nodeLocality(place.nodeByName.get(nodeName)),
    network: networkOf({ labels: resource.labels, namespace: resource.ref.namespace, address: addresses[0] ?? '' }, place),
    cluster: resource.labels['topology.istio.io/cluster'] ?? place.settings.clusterId,
    weight: 1,
    portByName: containerPorts(resource),
    tlsMode: resource.labels[tlsModeLabel] === 'istio' ? 'istio' : 'disabled',
    isReady: (raw.status?.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status === 'True'),
    nodeName,
    hostNetwork: spec?.hostNetwork === true,
    workloadName: podOwnerName(resource),
  };
}

/** Pod label before namespace label before the cluster's own network. */
function networkOf(
  {
    labels,
    namespace,
    address,
  }: { readonly labels: Readonly<Record<string, string>>; readonly namespace: string; readonly address: string },
  place: WorkloadPlace,
): string {
  return (
    labels[networkLabel] ||
    place.namespaceLabels.get(namespace)?.[networkLabel] ||
    place.namespaceLabels.get(place.settings.rootNamespace)?.[networkLabel] ||
    meshNetwork(place.settings, address)
  );
}

/** A health-checked entry counts as unhealthy until its condition says otherwise. */
function entryIsHealthy(resource: WorkloadEntry): boolean {
  if (resource.annotations['proxy.istio.io/health-checks-enabled'] !== 'true') return true;
  const status = resource.raw.status as
    | { readonly conditions?: readonly { readonly type?: string; readonly status?: string }[] }
    | undefined;
  return (status?.conditions ?? []).some((condition) => condition.type === 'Healthy' && condition.status === 'True');
}

function nodeLocality(node: Node | undefined): Locality {
  const labels = node?.labels ?? {};
  return {
    region: labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'] ?? '',
    zone: labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? '',
    subzone: labels['topology.istio.io/subzone'] ?? '',
  };
}

function containerPorts(resource: Pod): Readonly<Record<string, number>> {
  const ports: Record<string, number> = {};
  for (const container of [...(resource.spec?.containers ?? []), ...(resource.spec?.initContainers ?? [])]) {
    for (const port of container.ports ?? []) if (port.name && port.containerPort) ports[port.name] ??= port.containerPort;
  }
  return ports;
}

/** The name of the Deployment (or other controller) behind a pod; the pod's own name without one. */
function podOwnerName(resource: Pod): string {
  const metadata = resource.raw.metadata as
    | { readonly ownerReferences?: readonly { readonly kind?: string; readonly name?: string }[]; readonly generateName?: string }
    | undefined;
  const owner = metadata?.ownerReferences?.[0];
  if (!owner?.name) return resource.ref.name;
  const templateHash = resource.labels['pod-template-hash'];
  if (owner.kind === 'ReplicaSet' && templateHash && owner.name.endsWith(`-${templateHash}`))
    return owner.name.slice(0, -templateHash.length - 1);
  return owner.name;
}
