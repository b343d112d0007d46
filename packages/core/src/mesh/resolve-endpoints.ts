import { stableHash } from '../base/stable-hash.ts';
import type { ResourceSet, ServiceEntry } from '../resource/kinds.ts';
import type { EndpointSlice, Endpoints } from '../resource/kubernetes-types.ts';
import { type MtlsMode, resolveEndpoints } from './endpoints.ts';
import type { MeshParts } from './mesh.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { effectivePeerAuthentication, mtlsSettingForPort, type PeerAuthenticationIndex } from './peer-authentication.ts';
import { groupBy, sameElements } from './reuse.ts';
import type { EndpointSet, Service } from './service.ts';
import type { Workload } from './workload.ts';

interface Inputs {
  readonly settings: MeshSettings;
  readonly services: readonly Service[];
  readonly workloadsByNamespace: ReadonlyMap<string, readonly Workload[]>;
  readonly peerAuthentications: PeerAuthenticationIndex;
}

interface Source {
  readonly service: Service;
  readonly entry: ServiceEntry | null;
  readonly slices: readonly EndpointSlice[];
  readonly legacyEndpoints: Endpoints | null;
}

const none: readonly never[] = [];

/** The endpoints of every service by its key. Services of one key (ServiceEntries of a namespace that share a host) have theirs in common. */
export function resolveAllEndpoints(set: ResourceSet, inputs: Inputs, kept: MeshParts | null) {
  const slicesByService = groupBy(
    set.ofKind('EndpointSlice'),
    (slice) => `${slice.ref.namespace}/${slice.labels['kubernetes.io/service-name'] ?? ''}`,
  );
  const endpointsByService = new Map<string, EndpointSet>();
  const endpointInputs = new Map<string, readonly unknown[]>();
  for (const [key, services] of groupBy(inputs.services, (service) => service.key)) {
    const namespace = services[0]?.namespace ?? '';
    const workloads = inputs.workloadsByNamespace.get(namespace) ?? none;
    const sources = services.map((service) => sourceOf(set, service, slicesByService));
    const { mesh, byNamespace, selectingByNamespace } = inputs.peerAuthentications;
    const policies = [mesh, byNamespace.get(namespace), ...(selectingByNamespace.get(namespace) ?? none)];
    const dependencies = [
      workloads,
      ...policies,
      ...sources.flatMap((source) => [source.service, source.entry, source.legacyEndpoints, ...source.slices]),
    ];
    const before = kept?.endpointInputs.get(key);
    const unchanged = before && sameElements(before, dependencies) ? kept?.endpointsByService.get(key) : undefined;
    endpointsByService.set(key, unchanged ?? combine(sources.map((source) => endpointsOf(source, workloads, inputs))));
    endpointInputs.set(key, unchanged && before ? before : dependencies);
  }
  return { endpointsByService, endpointInputs };
}

function sourceOf(set: ResourceSet, service: Service, slicesByService: ReadonlyMap<string, readonly EndpointSlice[]>): Source {
  const { namespace, name } = service;
  if (service.registry === 'External')
    return { service, entry: set.get('ServiceEntry', namespace, service.ref.name), slices: none, legacyEndpoints: null };
  return {
    service,
    entry: null,
    slices: slicesByService.get(`${namespace}/${name}`) ?? none,
    legacyEndpoints: set.get('Endpoints', namespace, name),
  };
}

function endpointsOf(source: Source, workloads: readonly Workload[], inputs: Inputs): EndpointSet {
  const { peerAuthentications: index, settings } = inputs;
  const { namespace } = source.service;
  const inNamespace = effectivePeerAuthentication(index, namespace, {});
  const isSelective = (index.selectingByNamespace.get(namespace) ?? none).length > 0;
  const mtlsModeOf = (workloadNamespace: string, labels: Readonly<Record<string, string>>, port: number): MtlsMode =>
    isSelective || workloadNamespace !== namespace
      ? mtlsSettingForPort(effectivePeerAuthentication(index, workloadNamespace, labels), port).mode
      : inNamespace.mode;
  return resolveEndpoints({ ...source, workloads, settings, mtlsModeOf, namespaceMtls: namespaceMode(index, namespace) });
}

/** The mode of a namespace leaving policies with selectors aside: clients go by it before they know the endpoint. */
function namespaceMode(index: PeerAuthenticationIndex, namespace: string): MtlsMode {
  return effectivePeerAuthentication({ ...index, selectingByNamespace: new Map() }, namespace, {}).mode;
}

function combine(sets: readonly EndpointSet[]): EndpointSet {
  const [first, ...others] = sets;
  if (first && others.length === 0) return first;
  const endpoints = sets.flatMap((set) => set.endpoints);
  const identities = [...new Set(sets.flatMap((set) => set.identities))].sort();
  return { endpoints, identities, namespaceMtls: first?.namespaceMtls ?? 'PERMISSIVE', hash: stableHash(sets.map((set) => set.hash)) };
}
