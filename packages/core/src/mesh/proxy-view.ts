import { resolveHost } from '../base/hosts.ts';
import { selectsLabels } from '../base/labels.ts';
import { stableHash } from '../base/stable-hash.ts';
import type { SidecarSpec } from '../resource/kinds.ts';
import type { ResourceRef } from '../resource/resource.ts';
import { destinationPolicyFor } from './destination-policies.ts';
import type { DestinationPolicy } from './destination-rule.ts';
import { annotatedProxyConfig } from './effective-proxy-config.ts';
import { visibleFrom } from './exports.ts';
import { fleetOf } from './fleet.ts';
import { formatLocality } from './labels.ts';
import type { Mesh } from './mesh.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { NetworkGateway } from './network-gateways.ts';
import type { ProxyNode } from './proxy-node.ts';
import { type ProxyPolicies, resolveProxyPolicies } from './proxy-policies.ts';
import { sameElements } from './reuse.ts';
import type { Endpoint, EndpointSet, Service, ServicePort } from './service.ts';
import { type Imports, resolveImports, sidecarFor } from './sidecar-scope.ts';
import type { VirtualServiceRules } from './virtual-service.ts';
import type { Workload } from './workload.ts';

export type SidecarIngress = NonNullable<SidecarSpec['ingress']>[number];

/** A service as one proxy sees it. */
export interface ServiceView {
  readonly service: Service;
  readonly policy: DestinationPolicy | null;
  readonly endpoints: EndpointSet;
  readonly hash: string;
}

/** One outbound listener configuration: an `egress` entry of a Sidecar, or the default that holds everything visible. */
export interface EgressListener {
  /** `spec.egress[0]`, or null for the default. */
  readonly path: string | null;
  readonly port: { readonly number: number; readonly protocol: string; readonly name: string } | null;
  /** `''` when none is given. */
  readonly bind: string;
  readonly captureMode: 'DEFAULT' | 'IPTABLES' | 'NONE';
  readonly services: readonly ServiceView[];
  readonly virtualServices: readonly VirtualServiceRules[];
}

/** The Sidecar resource that applies, and what it lets the proxy see. */
export interface SidecarScope {
  /** Null when no Sidecar applies: the proxy sees everything exported to its namespace. */
  readonly ref: ResourceRef | null;
  readonly egress: readonly EgressListener[];
  /** Null when the Sidecar has no `ingress`: inbound listeners follow the services of the workload. */
  readonly ingress: readonly SidecarIngress[] | null;
  readonly outboundTrafficPolicy: {
    readonly mode: 'ALLOW_ANY' | 'ALLOW_ANY_DYNAMIC_DNS' | 'REGISTRY_ONLY';
    readonly egressProxy: { readonly host: string; readonly subset: string; readonly port: number } | null;
  };
  readonly inboundConnectionPool: SidecarSpec['inboundConnectionPool'] | null;
}

/** A port of a service that this proxy's own workload serves. */
export interface ServiceInstance {
  readonly service: Service;
  readonly servicePort: ServicePort;
  /** Port of the workload. */
  readonly targetPort: number;
  readonly endpoint: Endpoint;
  readonly policy: DestinationPolicy | null;
}

/** Everything about the mesh that one proxy's snapshot depends on; `compile` reads nothing else. */
export interface ProxyView {
  /** The node as it connected, what it left out filled in from its workload. */
  readonly node: ProxyNode;
  readonly settings: MeshSettings;
  /** The Pod or WorkloadEntry the proxy stands beside, where it is known. */
  readonly workload: Workload | null;
  readonly scope: SidecarScope;
  /** All services that the proxy gets clusters for, sorted by hostname. */
  readonly services: readonly ServiceView[];
  readonly serviceByHostname: ReadonlyMap<string, ServiceView>;
  /** For gateways: the VirtualServices visible to the proxy's namespace, oldest first. Sidecars find theirs in `scope.egress`. */
  readonly gatewayVirtualServices: readonly VirtualServiceRules[];
  /** The services that select this workload, one entry per port, oldest service first. */
  readonly instances: readonly ServiceInstance[];
  /** The endpoints of its own workload, where the proxy asks for them. */
  readonly fleet: readonly Endpoint[];
  /** Security, telemetry, extensions and gateway servers of this proxy. */
  readonly policies: ProxyPolicies;
  /** How endpoints of other networks are reached. */
  readonly networkGateways: readonly NetworkGateway[];
  /** Covers what all clusters depend on beside their own service: the node, the settings, the network gateways. */
  readonly contextHash: string;
  /** Covers everything but endpoints that listeners and routes do not look at. */
  readonly routingHash: string;
  /** Same hash, same view: the key of a snapshot cache. */
  readonly hash: string;
}

/** What one proxy needs to know of a mesh. */
export function proxyView(mesh: Mesh, connected: ProxyNode): ProxyView {
  const workload = workloadOf(mesh, connected);
  const node = completeNode(connected, workload, mesh.settings);
  const imports = resolveImports(mesh, node.namespace, node.type === 'sidecar' ? sidecarFor(mesh, node.namespace, node.labels) : null);
  const viewOf = serviceViews(mesh, node);
  const services = imports.services.map(viewOf);
  const scope = scopeOf(imports, mesh.settings, viewOf);
  const instances = serviceInstances(mesh, node, workload);
  const mappings = instances.map(({ service, servicePort, targetPort }) => ({
    hostname: service.hostname,
    servicePort: servicePort.number,
    targetPort,
    labels: service.labels,
  }));
  const fleet = fleetOf(
    mesh,
    node,
    workload,
    instances.map(({ service }) => service),
  );
  const policies = resolveProxyPolicies(mesh.policyIndex, node, mappings);
  const gatewayVirtualServices =
    node.type === 'sidecar' ? [] : visibleFrom(mesh.virtualServices, node.namespace, (rules) => rules.ref.namespace);
  const contextHash = stableHash([node, mesh.parts.settingsHash, mesh.networkGateways]);
  const routingHash = stableHash([
    contextHash,
    workload && [workload.ref, workload.annotations],
    [scope.ref, scope.ingress, scope.outboundTrafficPolicy, scope.inboundConnectionPool],
    scope.egress.map((listener) => [
      [listener.port, listener.bind, listener.captureMode],
      // The default listener holds just the services there are clusters for: they are hashed below.
      sameElements(listener.services, services) ? 'all' : listener.services.map(routingHashOf).join(),
      listener.virtualServices.map((rules) => rules.hash),
    ]),
    services.map(routingHashOf).join(),
    gatewayVirtualServices.map((rules) => rules.hash),
    instances.map(({ service, servicePort, targetPort, policy }) => [service.hash, servicePort.name, targetPort, policy?.hash]),
    withoutSources(policies),
  ]);
  return {
    node,
    settings: mesh.settings,
    workload,
    scope,
    services,
    serviceByHostname: new Map(services.map((view) => [view.service.hostname, view])),
    gatewayVirtualServices,
    instances,
    fleet,
    policies,
    networkGateways: mesh.networkGateways,
    contextHash,
    routingHash,
    hash: stableHash([routingHash, services.map(({ endpoints }) => endpoints.hash).join(), fleet.map(fleetKey).join()]),
  };
}

function fleetKey({ address, port, locality }: Endpoint): string {
  return `${address}:${port}@${formatLocality(locality)}`;
}

/** Listeners follow the endpoints only of services that are forwarded to as addressed. */
function routingHashOf({ service, policy, endpoints }: ServiceView): string {
  return `${service.hash}.${policy?.hash ?? ''}.${service.resolution === 'passthrough' ? endpoints.hash : ''}`;
}

/** By the name in the node (WorkloadEntries may share an address), else by address within the namespace. */
function workloadOf(mesh: Mesh, node: ProxyNode): Workload | null {
  const entryName = node.metadata.WORKLOAD_ENTRY;
  const name = typeof entryName === 'string' && entryName !== '' ? entryName : node.name;
  const named = mesh.workloadByName.get(`${node.namespace}/${name}`);
  if (named) return named;
  const atAddress = node.ips
    .flatMap((ip) => mesh.workloadsByAddress.get(ip) ?? [])
    .filter((workload) => workload.namespace === node.namespace);
  return atAddress.length === 1
    ? (atAddress[0] ?? null)
    : (atAddress.find((workload) => selectsLabels(node.labels, workload.labels)) ?? null);
}

function completeNode(node: ProxyNode, workload: Workload | null, settings: MeshSettings): ProxyNode {
  const own = node.metadata.PROXY_CONFIG === undefined && workload ? annotatedProxyConfig(workload.annotations) : null;
  const hasLocality = node.locality.region !== '' || node.locality.zone !== '';
  return {
    ...node,
    metadata: own ? { ...node.metadata, PROXY_CONFIG: own } : node.metadata,
    labels: workload?.labels ?? node.labels,
    serviceAccount: node.serviceAccount || workload?.serviceAccount || '',
    network: node.network || workload?.network || '',
    cluster: node.cluster || settings.clusterId,
    nodeName: node.nodeName || workload?.nodeName || '',
    locality: hasLocality ? node.locality : (workload?.locality ?? node.locality),
  };
}

/** Makes the view of a service, the same object for the same service. */
function serviceViews(mesh: Mesh, node: ProxyNode): (service: Service) => ServiceView {
  const made = new Map<Service, ServiceView>();
  return (service) => {
    const before = made.get(service);
    if (before) return before;
    const endpoints = mesh.endpointsByService.get(service.key) ?? noEndpoints;
    const policy = destinationPolicyFor(mesh.destinationPoliciesByNamespace, service, node, mesh.settings);
    const view = { service, policy, endpoints, hash: `${service.hash}.${policy?.hash ?? ''}.${endpoints.hash}` };
    made.set(service, view);
    return view;
  };
}

const noEndpoints: EndpointSet = { endpoints: [], identities: [], namespaceMtls: 'UNKNOWN', hash: '' };

function scopeOf(imports: Imports, settings: MeshSettings, viewOf: (service: Service) => ServiceView): SidecarScope {
  const spec = imports.sidecar?.spec;
  const namespace = imports.sidecar?.ref.namespace ?? '';
  const policy = spec?.outboundTrafficPolicy;
  const mode = policy ? (policy.mode ?? 'REGISTRY_ONLY') : settings.meshConfig.outboundTrafficPolicy.mode;
  const proxy = policy?.egressProxy;
  return {
    ref: imports.sidecar?.ref ?? null,
    egress: imports.egress.map(({ spec: listener, path, services, virtualServices }) => ({
      path,
      port:
        listener?.port === undefined || (!listener.port.number && !listener.bind?.startsWith('unix://'))
          ? null
          : { number: listener.port.number ?? 0, protocol: listener.port.protocol ?? '', name: listener.port.name ?? '' },
      bind: listener?.bind ?? '',
      captureMode: listener?.captureMode ?? 'DEFAULT',
      services: services.map(viewOf),
      virtualServices,
    })),
    ingress: spec?.ingress && spec.ingress.length > 0 ? spec.ingress : null,
    outboundTrafficPolicy: {
      mode,
      egressProxy: proxy?.host
        ? {
            host: resolveHost(proxy.host, namespace, settings.domain).toLowerCase(),
            subset: proxy.subset ?? '',
            port: proxy.port?.number ?? 0,
          }
        : null,
    },
    inboundConnectionPool: spec?.inboundConnectionPool ?? null,
  };
}

/** Endpoints that are this workload, by where they come from, else by address; only of services of its own namespace. */
function serviceInstances(mesh: Mesh, node: ProxyNode, workload: Workload | null): readonly ServiceInstance[] {
  const isOwn = (endpoint: Endpoint) =>
    workload?.kind === 'WorkloadEntry' ? endpoint.ref === workload.ref : node.ips.includes(endpoint.address);
  return mesh.services
    .filter((service) => service.namespace === node.namespace)
    .flatMap((service) => {
      const own = (mesh.endpointsByService.get(service.key)?.endpoints ?? []).filter(isOwn);
      if (own.length === 0) return [];
      const policy = destinationPolicyFor(
        mesh.destinationPoliciesByNamespace,
        service,
        { namespace: node.namespace, labels: {} },
        mesh.settings,
      );
      return service.ports.flatMap((servicePort) => {
        const endpoint = own.find((candidate) => candidate.portName === servicePort.name);
        return endpoint ? [{ service, servicePort, targetPort: endpoint.port, endpoint, policy }] : [];
      });
    });
}

/** Resources without the text they were read from, maps as lists: what hashing should see. */
function withoutSources(policies: ProxyPolicies): string {
  return JSON.stringify(policies, (key, value: unknown) =>
    key === 'raw' || key === 'source' ? undefined : value instanceof Map ? [...value] : value,
  );
}
