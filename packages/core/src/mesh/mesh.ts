import type { ResourceSet } from '../resource/kinds.ts';
import type { DestinationPolicy } from './destination-rule.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { Endpoint, Service } from './service.ts';
import type { VirtualServiceRules } from './virtual-service.ts';
import type { Workload } from './workload.ts';

/** What all resources mean together. */
export interface Mesh {
  readonly settings: MeshSettings;
  readonly resources: ResourceSet;
  /** Labels of every namespace that is declared. */
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Ordered: Kubernetes services first, then oldest first. */
  readonly services: readonly Service[];
  readonly serviceByKey: ReadonlyMap<string, Service>;
  readonly servicesByHostname: ReadonlyMap<string, readonly Service[]>;
  /** By `Service.key`. */
  readonly endpointsByService: ReadonlyMap<string, readonly Endpoint[]>;
  readonly workloads: readonly Workload[];
  /** By `namespace/name`, WorkloadEntry before Pod. */
  readonly workloadByName: ReadonlyMap<string, Workload>;
  readonly workloadsByAddress: ReadonlyMap<string, readonly Workload[]>;
  /** Oldest first. */
  readonly virtualServices: readonly VirtualServiceRules[];
  /** By the namespace the rules are written in; within it more specific hosts first. */
  readonly destinationPoliciesByNamespace: ReadonlyMap<string, readonly DestinationPolicy[]>;
}
