import type { Endpoint, Locality } from '../mesh/service.ts';

/** An endpoint on its way into a load assignment; its address may be that of another network's gateway. */
export interface WeightedEndpoint {
  /** Null for a gateway. */
  readonly endpoint: Endpoint | null;
  readonly address: string;
  readonly port: number;
  readonly network: string;
  readonly weight: number;
  readonly takesMtls: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** Endpoints of one locality, with what holds for the locality as a whole. */
export interface LocalityGroup {
  readonly locality: Locality;
  readonly endpoints: readonly WeightedEndpoint[];
  readonly weight: number;
  readonly priority: number;
}

const maxWeight = 4_294_967_295;

/** Sum of weights, as far as 32 bits go. */
export function totalWeight(endpoints: readonly WeightedEndpoint[]): number {
  return Math.min(
    maxWeight,
    endpoints.reduce((sum, endpoint) => sum + endpoint.weight, 0),
  );
}
