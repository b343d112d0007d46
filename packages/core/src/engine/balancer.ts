import type { EndpointPlan, LoadAssignmentPlan, LoadBalancerPlan } from '../plan/cluster-plan.ts';
import { buildHashRing, buildMaglevTable, type HashTable } from './hash-table.ts';
import { choosePriority, type PriorityLoad, priorityLoad } from './priority-load.ts';
import { slowStartFactor } from './slow-start.ts';
import { WeightedSchedule } from './weighted-schedule.ts';

/** What balancing needs to know of a host. The owner keeps it current. */
export interface BalancedHost {
  readonly endpoint: EndpointPlan;
  /** Active checks, EDS health and ejection taken together. */
  readonly isHealthy: boolean;
  readonly activeRequests: number;
  /** When the host last became healthy, for slow start. */
  readonly healthySinceMs: number;
}

/** The circumstances of one choice. */
export interface HostChoice {
  /** From the route's hash policies; null = random where a hash is needed. */
  readonly hash: bigint | null;
  /** 0 for the first try, then 1, 2 … : hash tables move on. */
  readonly attempt: number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly nowMs: number;
}

/**
 * Chooses hosts as Envoy's balancers do: priorities by health and overprovisioning, panic, localities by weight, then the policy. One per
 * cluster (or subset); `update` whenever membership or health changed.
 */
export class Balancer<H extends BalancedHost> {
  readonly #plan: LoadBalancerPlan;
  #load: PriorityLoad = { healthy: [], degraded: [], isPanic: [] };
  #priorities: PriorityHosts<H>[] = [];

  constructor(plan: LoadBalancerPlan) {
    this.#plan = plan;
  }

  /** Takes the hosts as they are now. `assignment` gives localities their weights. */
  update(hosts: readonly H[], assignment: Pick<LoadAssignmentPlan, 'localities' | 'overprovisioningFactor'>): void {
    const count = hosts.reduce((most, { endpoint }) => Math.max(most, endpoint.priority + 1), 0);
    const byPriority = Array.from({ length: count }, (_, priority) => hosts.filter(({ endpoint }) => endpoint.priority === priority));
    this.#load = priorityLoad(
      byPriority.map((members) => ({
        total: members.length,
        healthy: members.filter((host) => host.isHealthy && host.endpoint.health !== 'DEGRADED').length,
        degraded: members.filter((host) => host.isHealthy && host.endpoint.health === 'DEGRADED').length,
      })),
      { overprovisioningFactor: assignment.overprovisioningFactor, panicThresholdPercent: this.#plan.panicThresholdPercent },
    );
    this.#priorities = byPriority.map((members, priority) => {
      const isPanic = this.#load.isPanic[priority] ?? false;
      return new PriorityHosts(members, { plan: this.#plan, assignment, isPanic });
    });
  }

  /** How load is shared between priorities now. */
  get load(): PriorityLoad {
    return this.#load;
  }

  /** A host; null when none can take the request. */
  choose(choice: HostChoice): H | null {
    const draw = choice.hash === null ? Math.floor(choice.random() * 100) : Number(choice.hash % 100n);
    const { priority, isDegraded } = choosePriority(this.#load, draw);
    return this.#priorities[priority]?.choose(choice, isDegraded) ?? null;
  }
}

interface PriorityContext {
  readonly plan: LoadBalancerPlan;
  readonly assignment: Pick<LoadAssignmentPlan, 'localities' | 'overprovisioningFactor'>;
  readonly isPanic: boolean;
}

interface Group<H> {
  readonly hosts: readonly H[];
  readonly weight: number;
  picker: Picker<H> | null;
}

/** The hosts of one priority, grouped by locality where localities are weighted. */
class PriorityHosts<H extends BalancedHost> {
  readonly #context: PriorityContext;
  readonly #groups: Readonly<Record<'healthy' | 'degraded', readonly Group<H>[]>>;
  readonly #schedules = new Map<'healthy' | 'degraded', WeightedSchedule<Group<H>>>();

  constructor(members: readonly H[], context: PriorityContext) {
    this.#context = context;
    const usable = (isDegraded: boolean) => (host: H) => host.isHealthy && (host.endpoint.health === 'DEGRADED') === isDegraded;
    const all = context.plan.failTrafficOnPanic ? [] : members.filter((host) => host.endpoint.health !== 'DRAINING');
    this.#groups = context.isPanic
      ? { healthy: group(all), degraded: [] }
      : { healthy: this.#localities(members, usable(false)), degraded: this.#localities(members, usable(true)) };
  }

  choose(choice: HostChoice, isDegraded: boolean): H | null {
    const kind = isDegraded ? 'degraded' : 'healthy';
    const groups = this.#groups[kind];
    const chosen = groups.length === 1 ? groups[0] : this.#schedule(kind)?.pick();
    if (!chosen) return null;
    chosen.picker ??= createPicker(chosen.hosts, this.#context.plan, choice);
    return chosen.picker(choice);
  }

  #schedule(kind: 'healthy' | 'degraded'): WeightedSchedule<Group<H>> {
    const made = this.#schedules.get(kind) ?? new WeightedSchedule(this.#groups[kind], (each) => each.weight);
    this.#schedules.set(kind, made);
    return made;
  }

  /** One group per locality with its effective weight, or a single one where localities do not count. */
  #localities(members: readonly H[], isUsable: (host: H) => boolean): readonly Group<H>[] {
    const { plan, assignment } = this.#context;
    const isHashed = plan.policy === 'RING_HASH' || plan.policy === 'MAGLEV';
    // Hash tables hold all hosts of a priority; locality weights are part of their shares.
    if (plan.locality !== 'weighted' || isHashed) return group(members.filter(isUsable));
    const weighted = assignment.localities.flatMap(({ endpoints, weight }) => {
      const listed = new Set(endpoints);
      const own = members.filter(({ endpoint }) => listed.has(endpoint));
      const usable = own.filter(isUsable);
      if (usable.length === 0 || weight === null) return [];
      const availability = Math.min(1, (assignment.overprovisioningFactor / 100) * (usable.length / own.length));
      return [{ hosts: usable, weight: weight * availability, picker: null }];
    });
    // Where no locality has a weight, none of them counts.
    return weighted.length > 0 ? weighted : group(members.filter(isUsable));
  }
}

function group<H>(hosts: readonly H[]): readonly Group<H>[] {
  return hosts.length === 0 ? [] : [{ hosts, weight: 1, picker: null }];
}

type Picker<H> = (choice: HostChoice) => H | null;

function createPicker<H extends BalancedHost>(hosts: readonly H[], plan: LoadBalancerPlan, first: HostChoice): Picker<H> {
  const at = (index: number): H | null => hosts[index] ?? null;
  const randomly: Picker<H> = ({ random }) => at(Math.floor(random() * hosts.length));
  switch (plan.policy) {
    case 'RING_HASH':
      return hashed(hosts, buildHashRing(shares(hosts, plan), plan));
    case 'MAGLEV':
      return hashed(hosts, buildMaglevTable(shares(hosts, plan), plan));
    case 'RANDOM':
      return randomly;
    case 'LEAST_REQUEST':
      return isWeighted(hosts, plan) ? leastRequestByWeight(hosts, plan) : leastRequest(hosts, plan, randomly);
    default:
      return isWeighted(hosts, plan) ? roundRobinByWeight(hosts, plan) : roundRobin(hosts, first);
  }
}

function isWeighted(hosts: readonly BalancedHost[], plan: LoadBalancerPlan): boolean {
  return plan.slowStart !== null || hosts.some(({ endpoint }) => endpoint.weight !== hosts[0]?.endpoint.weight);
}

/** Starts anywhere, so that many proxies do not all begin with the same host. */
function roundRobin<H>(hosts: readonly H[], { random }: HostChoice): Picker<H> {
  let next = Math.floor(random() * hosts.length);
  return () => hosts[next++ % hosts.length] ?? null;
}

function roundRobinByWeight<H extends BalancedHost>(hosts: readonly H[], plan: LoadBalancerPlan): Picker<H> {
  let nowMs = 0;
  const schedule = new WeightedSchedule(hosts, (host) => host.endpoint.weight * slowStartFactor(host, plan.slowStart, nowMs));
  return (choice) => {
    nowMs = choice.nowMs;
    return schedule.pick();
  };
}

function leastRequest<H extends BalancedHost>(_hosts: readonly H[], plan: LoadBalancerPlan, randomly: Picker<H>): Picker<H> {
  return (choice) => {
    let best = randomly(choice);
    for (let i = 1; i < plan.choiceCount; i++) {
      const other = randomly(choice);
      if (best && other && other.activeRequests < best.activeRequests) best = other;
    }
    return best;
  };
}

/** With weights, load reduces a host's weight: `weight / (active + 1) ^ bias`. */
function leastRequestByWeight<H extends BalancedHost>(hosts: readonly H[], plan: LoadBalancerPlan): Picker<H> {
  let nowMs = 0;
  const weightOf = (host: H): number => {
    const load = plan.activeRequestBias === 0 ? 1 : (host.activeRequests + 1) ** plan.activeRequestBias;
    return (host.endpoint.weight * slowStartFactor(host, plan.slowStart, nowMs)) / load;
  };
  const schedule = new WeightedSchedule(hosts, weightOf);
  return (choice) => {
    nowMs = choice.nowMs;
    return schedule.pick();
  };
}

function hashed<H>(hosts: readonly H[], table: HashTable): Picker<H> {
  return ({ hash, attempt, random }) => hosts[table.choose(hash ?? randomHash(random), attempt)] ?? null;
}

function randomHash(random: () => number): bigint {
  return (BigInt(Math.floor(random() * 0x100000000)) << 32n) | BigInt(Math.floor(random() * 0x100000000));
}

function shares(hosts: readonly BalancedHost[], plan: LoadBalancerPlan): { readonly key: string; readonly share: number }[] {
  const total = hosts.reduce((sum, { endpoint }) => sum + endpoint.weight, 0);
  return hosts.map(({ endpoint }) => ({
    key: plan.useHostnameForHashing && endpoint.hostname !== '' ? endpoint.hostname : endpoint.key,
    share: endpoint.weight / total,
  }));
}
