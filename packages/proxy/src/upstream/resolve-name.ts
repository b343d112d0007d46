import { lookup, resolve4, resolve6 } from 'node:dns/promises';
import type { ClusterPlan } from '@weft/core/plan/cluster-plan';

type Family = ClusterPlan['dns']['family'];

/** What a name means. */
export interface Resolution {
  /** None when the name does not exist; null when the look-up failed. */
  readonly addresses: readonly string[] | null;
  /** For how long, where the resolver tells and somebody wants to know. */
  readonly ttlMs: number | null;
}

/** Looks a name up as the system does; its lifetime is asked of the name server itself. */
export async function resolveName(name: string, { family, respectTtl }: ClusterPlan['dns']): Promise<Resolution> {
  try {
    const found = await lookup(name, { all: true, family: family === 'V4_ONLY' ? 4 : family === 'V6_ONLY' ? 6 : 0 });
    const addresses = preferred(found, family);
    return { addresses, ttlMs: respectTtl ? await lifetimeMs(name, addresses[0] ?? '') : null };
  } catch (error) {
    const doesNotExist = (error as NodeJS.ErrnoException).code === 'ENOTFOUND';
    return { addresses: doesNotExist ? [] : null, ttlMs: null };
  }
}

async function lifetimeMs(name: string, address: string): Promise<number | null> {
  try {
    const records = address.includes(':') ? await resolve6(name, { ttl: true }) : await resolve4(name, { ttl: true });
    return Math.min(...records.map(({ ttl }) => ttl)) * 1000;
  } catch {
    return null;
  }
}

/** AUTO prefers IPv6 where there is one; ALL keeps both. */
function preferred(found: readonly { address: string; family: number }[], family: Family): string[] {
  if (family === 'ALL') return found.map((entry) => entry.address);
  const wanted = family === 'V4_PREFERRED' || family === 'V4_ONLY' ? 4 : 6;
  const first = found.filter((entry) => entry.family === wanted);
  return (first.length > 0 ? first : found).map((entry) => entry.address);
}
