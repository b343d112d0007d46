import { selectsLabels } from '../base/labels.ts';
import { formatSpiffe } from '../base/spiffe.ts';
import { stableHash } from '../base/stable-hash.ts';
import type { ServiceEntry } from '../resource/kinds.ts';
import type { EndpointSlice, Endpoints } from '../resource/kubernetes-types.ts';
import type { ResourceRef } from '../resource/resource.ts';
import { augmentLabels, parseLocality } from './labels.ts';
import { meshNetwork } from './mesh-network.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { Endpoint, EndpointSet, Service, ServicePort } from './service.ts';
import type { Workload } from './workload.ts';
import { workloadEndpoint, workloadEndpoints } from './workload-endpoints.ts';

/** How the server side of a workload port takes connections. */
export type MtlsMode = EndpointSet['namespaceMtls'];

/** Everything the endpoints of one service are found with. */
export interface EndpointInputs {
  readonly service: Service;
  /** The ServiceEntry behind the service, null for Kubernetes services. */
  readonly entry: ServiceEntry | null;
  readonly slices: readonly EndpointSlice[];
  readonly legacyEndpoints: Endpoints | null;
  /** Workloads of the service's namespace. */
  readonly workloads: readonly Workload[];
  readonly settings: MeshSettings;
  readonly mtlsModeOf: (namespace: string, labels: Readonly<Record<string, string>>, port: number) => MtlsMode;
  readonly namespaceMtls: MtlsMode;
}

/** The endpoints of a service. Kubernetes' own slices come first; without any, pods that the selector chooses; WorkloadEntries are always added. */
export function resolveEndpoints(inputs: EndpointInputs): EndpointSet {
  const found = inputs.entry ? entryEndpoints(inputs, inputs.entry) : kubernetesEndpoints(inputs);
  const endpoints = dropDuplicates(found).map((endpoint) => withMtls(endpoint, inputs));
  const identities = new Set(inputs.service.subjectAltNames);
  for (const endpoint of endpoints) {
    if (!endpoint.serviceAccount) continue;
    const { namespace, serviceAccount } = endpoint;
    identities.add(formatSpiffe({ trustDomain: inputs.settings.meshConfig.trustDomain, namespace, serviceAccount }));
  }
  const value = { endpoints, identities: [...identities].sort(), namespaceMtls: inputs.namespaceMtls };
  return { ...value, hash: stableHash([value.identities, value.namespaceMtls, endpoints.map(fingerprint).join('\n')]) };
}

/** Everything that tells an endpoint from another, as text: hashing ten thousand of them must be cheap. */
function fingerprint(endpoint: Endpoint): string {
  const { locality, ref } = endpoint;
  const place = `${locality.region}/${locality.zone}/${locality.subzone}|${endpoint.network}|${endpoint.cluster}|${endpoint.nodeName}`;
  const state = `${endpoint.tlsMode}|${endpoint.acceptsMtls}|${endpoint.weight}|${endpoint.health}`;
  const workload = `${endpoint.namespace}|${endpoint.serviceAccount}|${endpoint.workloadName}|${endpoint.hostname}|${ref.kind}/${ref.name}`;
  return `${endpoint.address}|${endpoint.port}|${endpoint.portName}|${place}|${state}|${workload}|${JSON.stringify(endpoint.labels)}`;
}

function kubernetesEndpoints(inputs: EndpointInputs): Endpoint[] {
  const fromKubernetes =
    inputs.slices.length > 0
      ? sliceEndpoints(inputs)
      : inputs.legacyEndpoints
        ? legacyEndpoints(inputs, inputs.legacyEndpoints)
        : selectedEndpoints(inputs, 'Pod');
  return [...fromKubernetes, ...selectedEndpoints(inputs, 'WorkloadEntry')];
}

function sliceEndpoints(inputs: EndpointInputs): Endpoint[] {
  const byAddress = podByAddress(inputs.workloads);
  return inputs.slices.flatMap((slice) =>
    (slice.raw.endpoints ?? []).flatMap((entry) => {
      const { ready, serving, terminating } = entry.conditions ?? {};
      const isReady = ready ?? true;
      const health = isReady || inputs.service.publishNotReadyAddresses ? 'healthy' : serving && terminating ? 'draining' : 'unhealthy';
      return (entry.addresses ?? []).flatMap((address) =>
        (slice.raw.ports ?? []).flatMap((port) => {
          const servicePort = inputs.service.ports.find((candidate) => candidate.name === (port.name ?? ''));
          if (!servicePort || typeof port.port !== 'number') return [];
          const workload = byAddress.get(address) ?? null;
          const place = { nodeName: entry.nodeName ?? '', zone: entry.zone ?? '', hostname: entry.hostname ?? '' };
          return [plainEndpoint(inputs, { address, port: port.port, servicePort, workload, health, ref: slice.ref, ...place })];
        }),
      );
    }),
  );
}

function legacyEndpoints(inputs: EndpointInputs, resource: Endpoints): Endpoint[] {
  const byAddress = podByAddress(inputs.workloads);
  return (resource.raw.subsets ?? []).flatMap((subset) => {
    const listed = [
      ...(subset.addresses ?? []).map((entry) => ({ entry, health: 'healthy' as const })),
      ...(subset.notReadyAddresses ?? []).map((entry) => ({
        entry,
        health: inputs.service.publishNotReadyAddresses ? ('healthy' as const) : ('unhealthy' as const),
      })),
    ];
    return listed.flatMap(({ entry, health }) =>
      (subset.ports ?? []).flatMap((port) => {
        const servicePort = inputs.service.ports.find((candidate) => candidate.name === (port.name ?? ''));
        if (!servicePort || typeof port.port !== 'number' || !entry.ip) return [];
        const workload = byAddress.get(entry.ip) ?? null;
        const place = { nodeName: entry.nodeName ?? '', zone: '', hostname: entry.hostname ?? '' };
        return [plainEndpoint(inputs, { address: entry.ip, port: port.port, servicePort, workload, health, ref: resource.ref, ...place })];
      }),
    );
  });
}

/** Endpoints of the workloads of one kind that the service's selector chooses. */
function selectedEndpoints(inputs: EndpointInputs, kind: Workload['kind']): Endpoint[] {
  const { service } = inputs;
  if (service.selector === null) return [];
  return inputs.workloads
    .filter((workload) => workload.kind === kind && selectsLabels(service.selector, workload.labels))
    .flatMap((workload) => service.ports.flatMap((port) => workloadEndpoints(workload, service, port)));
}

interface PlainEndpoint {
  readonly address: string;
  readonly port: number;
  readonly servicePort: ServicePort;
  readonly workload: Workload | null;
  readonly health: Endpoint['health'];
  readonly ref: ResourceRef;
  readonly nodeName: string;
  readonly zone: string;
  readonly hostname: string;
}

/** An endpoint that Kubernetes lists, with what is known of the pod behind it. */
function plainEndpoint(inputs: EndpointInputs, at: PlainEndpoint): Endpoint {
  if (at.workload) {
    const endpoint = workloadEndpoint(at.workload, { address: at.address, port: at.port, portName: at.servicePort.name, isReady: true });
    return { ...endpoint, health: at.health, hostname: at.hostname };
  }
  const locality = { region: '', zone: at.zone, subzone: '' };
  const cluster = inputs.settings.clusterId;
  const network = meshNetwork(inputs.settings, at.address);
  return {
    address: at.address,
    port: at.port,
    portName: at.servicePort.name,
    labels: augmentLabels({}, { locality, cluster, network, nodeName: at.nodeName }),
    locality,
    network,
    cluster,
    tlsMode: 'disabled',
    acceptsMtls: false,
    weight: 1,
    health: at.health,
    namespace: inputs.service.namespace,
    serviceAccount: '',
    workloadName: '',
    nodeName: at.nodeName,
    hostname: at.hostname,
    ref: at.ref,
  };
}

function entryEndpoints(inputs: EndpointInputs, entry: ServiceEntry): Endpoint[] {
  const { service, settings } = inputs;
  const spec = entry.spec ?? {};
  if (spec.workloadSelector) return [...selectedEndpoints(inputs, 'WorkloadEntry'), ...selectedEndpoints(inputs, 'Pod')];
  const listed = spec.endpoints ?? [];
  if (listed.length === 0) {
    const isDns = service.resolution === 'dns' || service.resolution === 'dns-round-robin';
    return isDns ? service.ports.map((port) => hostEndpoint(inputs, port)) : [];
  }
  return listed.flatMap((item, index) => {
    const labels = item.labels ?? {};
    const tlsLabel = labels['security.istio.io/tlsMode'];
    const workload: Workload = {
      ref: entry.ref,
      kind: 'WorkloadEntry',
      namespace: service.namespace,
      name: `${entry.ref.name}-${index}`,
      addresses: item.address ? [item.address] : [],
      labels,
      annotations: {},
      serviceAccount: item.serviceAccount ?? '',
      locality: parseLocality(item.locality),
      network: item.network || labels['topology.istio.io/network'] || meshNetwork(settings, item.address ?? ''),
      cluster: settings.clusterId,
      weight: item.weight && item.weight > 0 ? item.weight : 1,
      portByName: item.ports ?? {},
      tlsMode: tlsLabel === undefined ? (item.serviceAccount ? 'istio' : 'disabled') : tlsLabel === 'istio' ? 'istio' : 'disabled',
      isReady: true,
      nodeName: '',
      hostNetwork: false,
      workloadName: '',
    };
    return service.ports.flatMap((port) => workloadEndpoints(workload, service, port));
  });
}

/** Without listed endpoints a DNS service is resolved by its own name. */
function hostEndpoint(inputs: EndpointInputs, port: ServicePort): Endpoint {
  const { service, settings } = inputs;
  return {
    address: service.hostname,
    port: typeof port.targetPort === 'number' ? port.targetPort : port.number,
    portName: port.name,
    labels: {},
    locality: parseLocality(''),
    network: '',
    cluster: settings.clusterId,
    tlsMode: 'disabled',
    acceptsMtls: false,
    weight: 1,
    health: 'healthy',
    namespace: service.namespace,
    serviceAccount: '',
    workloadName: '',
    nodeName: '',
    hostname: '',
    ref: service.ref,
  };
}

/** What Kubernetes lists are pods, whatever else has the same address. Remembered with the list: all services of a namespace ask for the same one. */
const addressesByList = new WeakMap<readonly Workload[], ReadonlyMap<string, Workload>>();

function podByAddress(workloads: readonly Workload[]): ReadonlyMap<string, Workload> {
  const known = addressesByList.get(workloads);
  if (known) return known;
  const byAddress = new Map<string, Workload>();
  for (const workload of workloads) {
    if (workload.kind !== 'Pod' || workload.hostNetwork) continue;
    for (const address of workload.addresses) if (!byAddress.has(address)) byAddress.set(address, workload);
  }
  addressesByList.set(workloads, byAddress);
  return byAddress;
}

/** The same address and port may be listed by several slices or entries. */
function dropDuplicates(endpoints: readonly Endpoint[]): Endpoint[] {
  const seen = new Set<string>();
  return endpoints.filter((endpoint) => {
    const key = `${endpoint.portName}|${endpoint.address}|${endpoint.port}|${endpoint.network}`;
    if (seen.has(key) && endpoint.address !== '') return false;
    seen.add(key);
    return true;
  });
}

function withMtls(endpoint: Endpoint, inputs: EndpointInputs): Endpoint {
  if (endpoint.tlsMode !== 'istio') return endpoint;
  return { ...endpoint, acceptsMtls: inputs.mtlsModeOf(endpoint.namespace, endpoint.labels, endpoint.port) !== 'DISABLE' };
}
