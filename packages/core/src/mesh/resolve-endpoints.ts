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
  const slicesByService = slicesOf(set);
  const surroundingsOf = surroundings(inputs);
  const endpointsByService = new Map<string, EndpointSet>();
  const endpointInputs = new Map<string, readonly unknown[]>();
  for (const [key, services] of servicesByKey(inputs.services)) {
    const namespace = services[0]?.namespace ?? '';
    const dependencies: unknown[] = [...surroundingsOf(namespace)];
    const sources = services.map((service) => sourceOf(set, service, slicesByService));
    for (const { service, entry, legacyEndpoints, slices } of sources) dependencies.push(service, entry, legacyEndpoints, ...slices);
    const before = kept?.endpointInputs.get(key);
    const unchanged = before && sameElements(before, dependencies) ? kept?.endpointsByService.get(key) : undefined;
    const workloads = inputs.workloadsByNamespace.get(namespace) ?? none;
    endpointsByService.set(key, unchanged ?? combine(sources.map((source) => endpointsOf(source, workloads, inputs))));
    endpointInputs.set(key, unchanged && before ? before : dependencies);
  }
  return { endpointsByService, endpointInputs };
}

const groupsByList = new WeakMap<readonly Service[], ReadonlyMap<string, readonly Service[]>>();

/** Services by key, remembered with the list, which stays the same object as long as no service changes. */
function servicesByKey(services: readonly Service[]): ReadonlyMap<string, readonly Service[]> {
  const known = groupsByList.get(services);
  if (known) return known;
  const groups = groupBy(services, (service) => service.key);
  groupsByList.set(services, groups);
  return groups;
}

type SlicesByService = ReadonlyMap<string, ReadonlyMap<string, readonly EndpointSlice[]>>;

/** By namespace, then by the name of the service. */
function slicesOf(set: ResourceSet): SlicesByService {
  const byNamespace = new Map<string, Map<string, EndpointSlice[]>>();
  for (const slice of set.ofKind('EndpointSlice')) {
    const { namespace } = slice.ref;
    const service = slice.labels['kubernetes.io/service-name'] ?? '';
    const byName = byNamespace.get(namespace) ?? new Map<string, EndpointSlice[]>();
    byNamespace.set(namespace, byName);
    const list = byName.get(service);
    if (list) list.push(slice);
    else byName.set(service, [slice]);
  }
  return byNamespace;
}

/** What the endpoints of all services of a namespace depend on: its workloads, and the PeerAuthentications that concern it. */
function surroundings({ workloadsByNamespace, peerAuthentications }: Inputs): (namespace: string) => readonly unknown[] {
  const { mesh, byNamespace, selectingByNamespace } = peerAuthentications;
  const known = new Map<string, readonly unknown[]>();
  return (namespace) => {
    const before = known.get(namespace);
    if (before) return before;
    const workloads = workloadsByNamespace.get(namespace) ?? none;
    const made = [workloads, mesh, byNamespace.get(namespace), ...(selectingByNamespace.get(namespace) ?? none)];
    known.set(namespace, made);
    return made;
  };
}

function sourceOf(set: ResourceSet, service: Service, slicesByService: SlicesByService): Source {
  const { namespace, name } = service;
  if (service.registry === 'External')
    return { service, entry: set.get('ServiceEntry', namespace, service.ref.name), slices: none, legacyEndpoints: null };
  return {
    service,
    entry: null,
    slices: slicesByService.get(namespace)?.get(name) ?? none,
    legacyEndpoints: set.ofKind('Endpoints').length === 0 ? null : set.get('Endpoints', namespace, name),
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
