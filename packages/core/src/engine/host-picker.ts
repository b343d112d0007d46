import type { LoadBalancerPlan } from '../plan/cluster-plan.ts';
import type { BalancedHost, HostChoice, HostShare } from './balanced-host.ts';
import { BoundedLoad } from './bounded-load.ts';
import { buildHashRing, buildMaglevTable, type HashTable } from './hash-table.ts';
import { isInSlowStart, slowStartFactor } from './slow-start.ts';
import { WeightedSchedule } from './weighted-schedule.ts';

/** Picks one host of a fixed list. */
export type Picker<H> = (choice: HostChoice) => H | null;

/** What pickers are made for. */
export interface PickerContext {
  readonly plan: LoadBalancerPlan;
  readonly activeRequests: () => number;
}

/** A picker by the cluster's policy; `first` is the choice it is made for. */
export function createPicker<H extends BalancedHost>(
  shares: readonly HostShare<H>[],
  { plan, activeRequests }: PickerContext,
  first: HostChoice,
): Picker<H> {
  const hosts = shares.map(({ host }) => host);
  switch (plan.policy) {
    case 'RING_HASH':
      return hashed(shares, buildHashRing(keysOf(shares, plan), plan), plan, activeRequests);
    case 'MAGLEV':
      return hashed(shares, buildMaglevTable(keysOf(shares, plan), plan), plan, activeRequests);
    case 'RANDOM':
      return randomly(hosts);
    case 'LEAST_REQUEST':
      if (isWeighted(hosts, plan, first.nowMs)) return byWeight(hosts, plan, first, (host) => loadFactor(host, plan));
      return plan.leastRequestScansAll ? leastOfAll(hosts) : leastRequest(hosts, plan);
    default:
      return isWeighted(hosts, plan, first.nowMs) ? byWeight(hosts, plan, first, () => 1) : roundRobin(hosts, first);
  }
}

function isWeighted(hosts: readonly BalancedHost[], { slowStart }: LoadBalancerPlan, nowMs: number): boolean {
  if (hosts.length < 2) return false;
  return hosts.some((host) => host.endpoint.weight !== hosts[0]?.endpoint.weight || isInSlowStart(host, slowStart, nowMs));
}

function randomly<H>(hosts: readonly H[]): Picker<H> {
  return ({ random }) => hosts[Math.floor(random() * hosts.length)] ?? null;
}

/** Starts anywhere, so that many proxies do not all begin with the same host. */
function roundRobin<H>(hosts: readonly H[], { random }: HostChoice): Picker<H> {
  let next = Math.floor(random() * hosts.length);
  return () => hosts[next++ % hosts.length] ?? null;
}

function byWeight<H extends BalancedHost>(
  hosts: readonly H[],
  plan: LoadBalancerPlan,
  first: HostChoice,
  factor: (host: H) => number,
): Picker<H> {
  let { nowMs } = first;
  const weightOf = (host: H): number => host.endpoint.weight * factor(host) * slowStartFactor(host, plan.slowStart, nowMs);
  const schedule = new WeightedSchedule(hosts, weightOf, first.random());
  return (choice) => {
    nowMs = choice.nowMs;
    return schedule.pick();
  };
}

/** With weights, load reduces a host's weight: `weight / (active + 1) ^ bias`. */
function loadFactor(host: BalancedHost, { activeRequestBias }: LoadBalancerPlan): number {
  if (activeRequestBias === 1) return 1 / (host.activeRequests + 1);
  return activeRequestBias === 0 ? 1 : 1 / (host.activeRequests + 1) ** activeRequestBias;
}

function leastRequest<H extends BalancedHost>(hosts: readonly H[], { choiceCount }: LoadBalancerPlan): Picker<H> {
  return ({ random }) => {
    let best = hosts[Math.floor(random() * hosts.length)];
    for (let i = 1; i < choiceCount; i++) {
      const other = hosts[Math.floor(random() * hosts.length)];
      if (best !== undefined && other !== undefined && other.activeRequests < best.activeRequests) best = other;
    }
    return best ?? null;
  };
}

/** `FULL_SCAN`: the least busy of all, any of them where several are. */
function leastOfAll<H extends BalancedHost>(hosts: readonly H[]): Picker<H> {
  return ({ random }) => {
    let best: H | null = null;
    let ties = 0;
    for (const host of hosts) {
      if (best === null || host.activeRequests < best.activeRequests) {
        best = host;
        ties = 1;
      } else if (host.activeRequests === best.activeRequests && random() * ++ties < 1) best = host;
    }
    return best;
  };
}

function hashed<H extends BalancedHost>(
  shares: readonly HostShare<H>[],
  table: HashTable,
  plan: LoadBalancerPlan,
  activeRequests: () => number,
): Picker<H> {
  const bounded = plan.hashBalanceFactor === 0 ? null : new BoundedLoad(shares, plan.hashBalanceFactor, activeRequests);
  return ({ hash, attempt, random }) => {
    const wanted = hash ?? randomHash(random);
    const index = table.choose(wanted, attempt);
    return shares[bounded === null ? index : bounded.choose(index, wanted)]?.host ?? null;
  };
}

function randomHash(random: () => number): bigint {
  return (BigInt(Math.floor(random() * 0x100000000)) << 32n) | BigInt(Math.floor(random() * 0x100000000));
}

/** What hosts are called in tables: `hash_key` of their metadata, else hostname or address. */
function keysOf<H extends BalancedHost>(shares: readonly HostShare<H>[], plan: LoadBalancerPlan): { key: string; share: number }[] {
  return shares.map(({ host: { endpoint }, share }) => {
    const own = endpoint.metadata['envoy.lb']?.hash_key;
    return { key: typeof own === 'string' ? own : plan.useHostnameForHashing ? endpoint.hostname : endpoint.key, share };
  });
}
