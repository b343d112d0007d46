import type { DestinationRule, PeerAuthentication, ResourceSet, VirtualService } from '../resource/kinds.ts';
import type { Resource } from '../resource/resource.ts';
import type { DestinationPolicy } from './destination-rule.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { NetworkGateway } from './network-gateways.ts';
import type { PolicyIndex } from './proxy-policies.ts';
import type { EndpointSet, Service } from './service.ts';
import type { VirtualServiceRules } from './virtual-service.ts';
import type { Workload } from './workload.ts';

/** What all resources mean together. */
export interface Mesh {
  readonly settings: MeshSettings;
  readonly resources: ResourceSet;
  /** Labels of every namespace that is declared. */
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Oldest first. */
  readonly services: readonly Service[];
  readonly serviceByKey: ReadonlyMap<string, Service>;
  readonly servicesByHostname: ReadonlyMap<string, readonly Service[]>;
  /** By `Service.key`. */
  readonly endpointsByService: ReadonlyMap<string, EndpointSet>;
  readonly workloads: readonly Workload[];
  /** By `namespace/name`, WorkloadEntry before Pod. */
  readonly workloadByName: ReadonlyMap<string, Workload>;
  readonly workloadsByAddress: ReadonlyMap<string, readonly Workload[]>;
  /** Oldest first. */
  readonly virtualServices: readonly VirtualServiceRules[];
  readonly policyIndex: PolicyIndex;
  /** Where traffic enters other networks, sorted. */
  readonly networkGateways: readonly NetworkGateway[];
  /** Names whose addresses `settings.addressesByName` should give. */
  readonly networkGatewayNames: readonly string[];
  /** By the namespace the rules are written in; within it more specific hosts first. */
  readonly destinationPoliciesByNamespace: ReadonlyMap<string, readonly DestinationPolicy[]>;
  /** What the next resolve can take over; not part of what the mesh means. */
  readonly parts: MeshParts;
}

/** What each resource was made into, and what it was made from. */
export interface MeshParts {
  readonly settingsHash: string;
  readonly isWellFormed: ReadonlyMap<Resource, boolean>;
  /** What services are made from: Services, ServiceEntries, and Namespaces for their labels. */
  readonly serviceResources: readonly Resource[];
  /** Oldest first, before automatic addresses. */
  readonly servicesWritten: readonly Service[];
  readonly servicesByResource: ReadonlyMap<Resource, readonly Service[]>;
  /** The service with its automatic address, by the service without. */
  readonly allocatedByService: ReadonlyMap<Service, Service>;
  readonly workloadByResource: ReadonlyMap<Resource, Workload | null>;
  readonly workloadsByNamespace: ReadonlyMap<string, readonly Workload[]>;
  readonly placeInputs: readonly Resource[];
  readonly endpointsByService: ReadonlyMap<string, EndpointSet>;
  readonly endpointInputs: ReadonlyMap<string, readonly unknown[]>;
  readonly virtualServiceResources: readonly VirtualService[];
  /** What they were made into, without the rules that come from the Gateway API. */
  readonly virtualServices: readonly VirtualServiceRules[];
  readonly destinationRuleResources: readonly DestinationRule[];
  readonly peerAuthenticationResources: readonly PeerAuthentication[];
}
