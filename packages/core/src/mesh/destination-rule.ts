import type { ResourceRef } from '../resource/resource.ts';
import type { TrafficPolicy } from './traffic-policy.ts';

export interface Subset {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly trafficPolicy: TrafficPolicy | null;
  readonly ref: ResourceRef;
  /** `spec.subsets[0]`. */
  readonly path: string;
}

/** What the DestinationRules of one namespace for one host say together. */
export interface DestinationPolicy {
  /** The rules that were merged, oldest first. */
  readonly refs: readonly ResourceRef[];
  readonly host: string;
  readonly namespace: string;
  readonly exportTo: readonly string[];
  readonly trafficPolicy: TrafficPolicy | null;
  readonly subsets: readonly Subset[];
  /** Only proxies of the rule's own namespace with these labels; null for all. */
  readonly workloadSelector: Readonly<Record<string, string>> | null;
  readonly hash: string;
}
