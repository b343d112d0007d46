import type { ResourceRef } from '../resource/resource.ts';

/** Protocol of a service port. `auto` means undeclared: the proxy looks at the first bytes. */
export type PortProtocol = 'HTTP' | 'HTTP2' | 'GRPC' | 'GRPC-Web' | 'HTTPS' | 'TLS' | 'TCP' | 'UDP' | 'Mongo' | 'Redis' | 'MySQL' | 'auto';

/** How the endpoints of a service are found; names follow Istio's `Resolution`. */
export type ServiceResolution = 'client-side' | 'dns' | 'dns-round-robin' | 'passthrough' | 'alias' | 'dynamic-dns';

export interface ServicePort {
  readonly name: string;
  readonly number: number;
  readonly protocol: PortProtocol;
  /** Port of the workload: a number, or the name of a container port; null when it is the service port itself. */
  readonly targetPort: number | string | null;
  readonly nodePort: number | null;
}

/** Something that can be called by a host name: a Kubernetes Service or one host of a ServiceEntry. */
export interface Service {
  /** `namespace/hostname`: a hostname may exist in several namespaces. */
  readonly key: string;
  readonly hostname: string;
  readonly namespace: string;
  /** Name of the Kubernetes Service; the hostname for a ServiceEntry. */
  readonly name: string;
  readonly registry: 'Kubernetes' | 'External';
  readonly ref: ResourceRef;
  readonly createdAt: number | null;
  readonly ports: readonly ServicePort[];
  readonly resolution: ServiceResolution;
  /** Virtual IPs, without the automatically allocated one. Empty for headless services and hosts without addresses. */
  readonly addresses: readonly string[];
  /** Addresses handed out from 240.240.0.0/16 and 2001:2::/48 to a ServiceEntry host that has none. */
  readonly autoAddresses: { readonly ipv4: string; readonly ipv6: string } | null;
  readonly isHeadless: boolean;
  /** The service is outside the mesh: no mTLS is expected. */
  readonly isMeshExternal: boolean;
  /** The namespaces that see the service: `*`, `.`, `~` already resolved (`.` to the own namespace, `~` to none). */
  readonly exportTo: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Labels that workloads must carry; null when the service selects none. */
  readonly selector: Readonly<Record<string, string>> | null;
  /** Identities that the endpoints may have: `spec.subjectAltNames` of a ServiceEntry. */
  readonly subjectAltNames: readonly string[];
  /** `externalName` of a Kubernetes Service of type ExternalName. */
  readonly externalName: string | null;
  readonly trafficDistribution: 'any' | 'prefer-same-zone' | 'prefer-same-node' | 'prefer-same-network' | null;
  /** `LoadBalancer` external addresses, the source of network gateway addresses. */
  readonly externalAddresses: readonly string[];
  readonly publishNotReadyAddresses: boolean;
  /** `internalTrafficPolicy: Local`: only endpoints on the client's own node. */
  readonly isNodeLocal: boolean;
  /** Changes when anything above changes. */
  readonly hash: string;
}

/** `region/zone/subzone`. */
export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subzone: string;
}

/** One address of a service port. */
export interface Endpoint {
  /** IP, DNS name, or the path of a Unix socket (then `port` is 0). */
  readonly address: string;
  readonly port: number;
  /** Name of the service port that the endpoint serves. */
  readonly portName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly locality: Locality;
  readonly network: string;
  readonly cluster: string;
  /** `istio` when the workload has a sidecar (label `security.istio.io/tlsMode`). */
  readonly tlsMode: 'istio' | 'disabled';
  /** Whether the server side takes mTLS: it has a sidecar and no PeerAuthentication switches mTLS off for the port. */
  readonly acceptsMtls: boolean;
  readonly weight: number;
  readonly health: 'healthy' | 'unhealthy' | 'draining';
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly workloadName: string;
  readonly nodeName: string;
  readonly hostname: string;
  /** The workload or endpoint resource the endpoint was read from. */
  readonly ref: ResourceRef;
}

/** The endpoints of all ports of a service. */
export interface EndpointSet {
  readonly endpoints: readonly Endpoint[];
  /** SPIFFE identities that the endpoints may show, sorted. */
  readonly identities: readonly string[];
  /** PeerAuthentication of the service's namespace, as far as it does not depend on the workload; decides whether clients offer mTLS at all. */
  readonly namespaceMtls: 'UNKNOWN' | 'DISABLE' | 'PERMISSIVE' | 'STRICT';
  readonly hash: string;
}
