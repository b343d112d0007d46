import type { ConnectionFacts, RequestFacts } from '@weft/core/plan/facts';
import type { RetryPolicyPlan } from '@weft/core/plan/route-plan';
import type { Host } from './host.ts';

/** A wish for a host. */
export interface HostChoice {
  /** 64-bit hash of the route's hash policies; null without. */
  readonly hash: bigint | null;
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  /** What a retry looks out for; null on the first try. */
  readonly retry: RetryChoice | null;
  /** The request, for clusters that take the host from it; null on TCP. */
  readonly request: RequestFacts | null;
  /** The downstream connection, for clusters that take the host from it; null for calls of the proxy itself. */
  readonly connection: ConnectionFacts | null;
  /** The host to take where it can be had. */
  readonly override?: HostOverride | null;
}

/** A host that the request names itself, by its address. */
export interface HostOverride {
  readonly address: string;
  /** Whether there is to be none rather than another. */
  readonly isStrict: boolean;
}

/** A retry's predicates and the hosts that earlier tries used, oldest first. */
export interface RetryChoice {
  readonly policy: RetryPolicyPlan;
  readonly tried: readonly Host[];
}

/** Whether a retry's predicates refuse a host: tried before, or marked by metadata as not to be retried on. */
export function isRefused(host: Host, { policy, tried }: RetryChoice): boolean {
  if (policy.avoidPreviousHosts && tried.includes(host)) return true;
  return policy.omitHostMetadata.some((wanted) => hasMetadata(host, wanted));
}

/** The priorities that a retry leaves alone: after every so many tries those used till then. */
export function prioritiesTried({ policy, tried }: RetryChoice): ReadonlySet<number> | null {
  const every = policy.previousPrioritiesUpdateFrequency;
  if (every === null || tried.length < every) return null;
  return new Set(tried.slice(0, Math.floor(tried.length / every) * every).map((host) => host.endpoint.priority));
}

function hasMetadata(host: Host, wanted: Readonly<Record<string, unknown>>): boolean {
  const own = host.endpoint.metadata['envoy.lb'] ?? {};
  const entries = Object.entries(wanted);
  return entries.length > 0 && entries.every(([key, value]) => own[key] === value);
}
