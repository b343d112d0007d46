import type { EndpointPlan } from '../plan/cluster-plan.ts';

/** What balancing needs to know of a host. The owner keeps it current. */
export interface BalancedHost {
  readonly endpoint: EndpointPlan;
  /** Active checks, EDS health and ejection taken together (Envoy's coarse health). */
  readonly coarseHealth: 'healthy' | 'degraded' | 'unhealthy';
  /** New and not yet checked, or about to go: does not count in the total that health is a part of. */
  readonly isExcluded: boolean;
  readonly activeRequests: number;
  /** When the host last became healthy, for slow start. */
  readonly healthySinceMs: number;
}

/** A host with its part of the load by weight; parts sum to 1. */
export interface HostShare<H> {
  readonly host: H;
  readonly share: number;
}

/** The circumstances of one choice. */
export interface HostChoice {
  /** From the route's hash policies; null = random where a hash is needed. */
  readonly hash: bigint | null;
  /** 0 for the first selection, then 1, 2 … while a predicate refuses what was selected: hash tables move on. */
  readonly attempt: number;
  /** Priorities that a retry is to leave alone; null for none. */
  readonly excludedPriorities: ReadonlySet<number> | null;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly nowMs: number;
}
