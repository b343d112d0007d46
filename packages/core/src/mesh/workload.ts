import type { ResourceRef } from '../resource/resource.ts';
import type { Locality } from './service.ts';

/** A running instance: a Pod or a WorkloadEntry. */
export interface Workload {
  readonly ref: ResourceRef;
  readonly kind: 'Pod' | 'WorkloadEntry';
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly locality: Locality;
  readonly network: string;
  readonly cluster: string;
  readonly weight: number;
  /** Container ports of a pod or `ports` of a WorkloadEntry, by name. */
  readonly portByName: Readonly<Record<string, number>>;
  readonly tlsMode: 'istio' | 'disabled';
  readonly isReady: boolean;
  readonly nodeName: string;
  readonly hostNetwork: boolean;
  /** Name of the owning workload (Deployment …), for telemetry. */
  readonly workloadName: string;
}
