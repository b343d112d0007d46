import type { SidecarSpec } from '../resource/kinds.ts';
import type { ResourceRef } from '../resource/resource.ts';
import type { DestinationPolicy } from './destination-rule.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { ProxyNode } from './proxy-node.ts';
import type { Endpoint, Service, ServicePort } from './service.ts';
import type { VirtualServiceRules } from './virtual-service.ts';
import type { Workload } from './workload.ts';

export type SidecarIngress = NonNullable<SidecarSpec['ingress']>[number];

/** A service as one proxy sees it. */
export interface ServiceView {
  readonly service: Service;
  readonly policy: DestinationPolicy | null;
  readonly endpoints: readonly EndpointView[];
  readonly hash: string;
}

/** An endpoint with what its own side accepts. */
export interface EndpointView {
  readonly endpoint: Endpoint;
  /** Whether the server side takes mTLS: it has a sidecar and no PeerAuthentication switches mTLS off for the port. */
  readonly acceptsMtls: boolean;
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
    readonly mode: 'ALLOW_ANY' | 'REGISTRY_ONLY';
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
  /** Same hash, same view: the key of a snapshot cache. */
  readonly hash: string;
}
