import type { LoadBalancerPlan } from '../plan/cluster-plan.ts';
import { murmurHash2 } from './murmur-hash.ts';
import { xxHash64 } from './xx-hash.ts';

/** A host of a ring or table with its share of the load; shares of all hosts sum to 1. */
export interface WeightedKey {
  /** The host's address, or its hostname where the cluster says so. */
  readonly key: string;
  readonly share: number;
}

/** A consistent choice: the index of a host in the list the table was made from, or -1 for an empty list. */
export interface HashTable {
  /** `attempt` 0 is the first try; later ones move on to another place. */
  readonly choose: (hash: bigint, attempt: number) => number;
}

const emptyTable: HashTable = { choose: () => -1 };

/** Envoy's ketama ring (`ring_hash_lb.cc`): `ceil(scale × share)` points per host, kept in one running sum. */
export function buildHashRing(hosts: readonly WeightedKey[], plan: LoadBalancerPlan): HashTable {
  if (hosts.length === 0) return emptyTable;
  const least = Math.min(...hosts.map(({ share }) => share));
  const scale = Math.min(Math.ceil(least * plan.minimumRingSize) / least, plan.maximumRingSize);
  const hashOf = plan.hashFunction === 'MURMUR_HASH_2' ? murmurHash2 : xxHash64;
  const points: { readonly hash: bigint; readonly host: number }[] = [];
  let target = 0;
  for (const [host, { key, share }] of hosts.entries()) {
    target += scale * share;
    for (let i = 0; points.length < target; i++) points.push({ hash: hashOf(`${key}_${i}`), host });
  }
  points.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
  return {
    choose: (hash, attempt) => {
      const found = firstAtLeast(points, hash);
      return points[attempt > 0 ? (found + attempt) % points.length : found]?.host ?? -1;
    },
  };
}

/** Envoy's Maglev table (`maglev_lb.cc`): every host takes its next preferred free slot in turn, as often as its weight allows. */
export function buildMaglevTable(hosts: readonly WeightedKey[], plan: LoadBalancerPlan): HashTable {
  if (hosts.length === 0) return emptyTable;
  const size = plan.maglevTableSize;
  const most = Math.max(...hosts.map(({ share }) => share));
  // Whatever order endpoints are announced in, the table is the same.
  const sorted = hosts.map(({ key, share }, host) => ({ key, share, host })).sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const entries = sorted.map(({ key, share, host }) => ({
    host,
    share,
    offset: Number(xxHash64(key) % BigInt(size)),
    skip: Number(xxHash64(key, 1n) % BigInt(size - 1)) + 1,
    next: 0,
    target: 0,
  }));
  const table = new Int32Array(size).fill(-1);
  let filled = 0;
  for (let iteration = 1; filled < size; iteration++) {
    for (const entry of entries) {
      if (filled >= size) break;
      if (iteration * entry.share < entry.target) continue;
      entry.target += most;
      let slot = (entry.offset + entry.skip * entry.next) % size;
      while (table[slot] !== -1) slot = (entry.offset + entry.skip * ++entry.next) % size;
      table[slot] = entry.host;
      entry.next++;
      filled++;
    }
  }
  return {
    choose: (hash, attempt) => {
      // A retry looks elsewhere: Envoy mixes the attempt into the hash.
      const mixed = attempt > 0 ? hash ^ BigInt.asUintN(64, ~0n - BigInt(attempt) + 1n) : hash;
      return table[Number(mixed % BigInt(size))] ?? -1;
    },
  };
}

/** Index of the first point whose hash is not smaller; the ring starts again after its last. */
function firstAtLeast(points: readonly { readonly hash: bigint }[], hash: bigint): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.hash ?? 0n) < hash) low = middle + 1;
    else high = middle;
  }
  return low === points.length ? 0 : low;
}
