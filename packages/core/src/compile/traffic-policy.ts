import type { DestinationPolicy, Subset } from '../mesh/destination-rule.ts';
import type { PortTrafficPolicy, TrafficPolicy } from '../mesh/traffic-policy.ts';
import type { MeshConfig } from '../resource/mesh-config.ts';

/** What holds for one port of a destination. */
export type EffectivePolicy = Omit<TrafficPolicy, 'portLevelSettings'>;

/**
 * The policy for a port of a service or subset. An entry for the port replaces the destination's settings whole, what it omits falls back to defaults; a subset's
 * policy then replaces block by block. Blocks that nobody sets are the mesh's.
 */
export function effectivePolicy(
  { policy, subset, port }: { readonly policy: DestinationPolicy | null; readonly subset: Subset | null; readonly port: number },
  { defaultTrafficPolicy }: Pick<MeshConfig, 'defaultTrafficPolicy'>,
): EffectivePolicy {
  const base = { ...(defaultTrafficPolicy as EffectivePolicy | undefined), ...forPort(policy?.trafficPolicy ?? null, port) };
  const own = subset?.trafficPolicy ? forPort(subset.trafficPolicy, port) : null;
  if (!own) return base;
  const merged: Record<string, unknown> = { ...base };
  for (const [block, value] of Object.entries(own)) if (value !== undefined) merged[block] = value;
  return merged;
}

function forPort(policy: TrafficPolicy | null, port: number): EffectivePolicy | null {
  if (policy === null) return null;
  const { portLevelSettings, ...whole } = policy;
  const own = portLevelSettings?.find((entry) => entry.port?.number === port);
  if (!own) return whole;
  const { port: _, ...settings } = own;
  const { tunnel, proxyProtocol, retryBudget } = whole;
  return { ...settings, ...defined({ tunnel, proxyProtocol, retryBudget }) } satisfies PortTrafficPolicy;
}

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Partial<T>;
}
