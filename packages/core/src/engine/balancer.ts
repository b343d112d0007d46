import type { LoadBalancerPlan } from '../plan/cluster-plan.ts';
import type { BalancedHost, HostChoice } from './balanced-host.ts';
import { type BalancedAssignment, PriorityHosts } from './priority-hosts.ts';
import { choosePriority, type PriorityHealth, type PriorityLoad, priorityLoad, priorityLoadWithout } from './priority-load.ts';
import type { LocalCluster } from './zone-routing.ts';

/**
 * Chooses hosts as Envoy's balancers do: priorities by health and overprovisioning, panic, localities by weight or nearness, then the policy.
 * One per cluster (or subset); `update` whenever membership or health changed.
 */
export class Balancer<H extends BalancedHost> {
  readonly #plan: LoadBalancerPlan;
  #health: readonly PriorityHealth[] = [];
  #load: PriorityLoad = { healthy: [], degraded: [], isPanic: [] };
  #overprovisioningFactor = 140;
  #priorities: PriorityHosts<H>[] = [];

  constructor(plan: LoadBalancerPlan) {
    this.#plan = plan;
  }

  /** Takes the hosts as they are now. `assignment` gives localities their weights; `localCluster` is the fleet that this proxy belongs to. */
  update(hosts: readonly H[], assignment: BalancedAssignment, localCluster: LocalCluster | null = null): void {
    const count = hosts.reduce((most, { endpoint }) => Math.max(most, endpoint.priority + 1), 0);
    const byPriority = Array.from({ length: count }, (_, priority) => hosts.filter(({ endpoint }) => endpoint.priority === priority));
    this.#health = byPriority.map((members) => healthOf(members, assignment.weightedPriorityHealth));
    this.#load = priorityLoad(this.#health, {
      overprovisioningFactor: assignment.overprovisioningFactor,
      panicThresholdPercent: this.#plan.panicThresholdPercent,
    });
    this.#overprovisioningFactor = assignment.overprovisioningFactor;
    const activeRequests = (): number => hosts.reduce((sum, host) => sum + host.activeRequests, 0);
    this.#priorities = byPriority.map(
      (members, priority) =>
        new PriorityHosts(members, {
          plan: this.#plan,
          assignment,
          isPanic: this.#load.isPanic[priority] ?? false,
          // Envoy routes by nearness within the first priority only.
          localCluster: priority === 0 ? localCluster : null,
          activeRequests,
        }),
    );
  }

  /** How load is shared between priorities now. */
  get load(): PriorityLoad {
    return this.#load;
  }

  /** What the shares come from, by priority. */
  get health(): readonly PriorityHealth[] {
    return this.#health;
  }

  /** A host; null when none can take the request. */
  choose(choice: HostChoice): H | null {
    const draw = choice.hash === null ? Math.floor(choice.random() * 100) : Number(choice.hash % 100n);
    const load =
      choice.excludedPriorities === null
        ? this.#load
        : priorityLoadWithout(choice.excludedPriorities, this.#load, this.#health, this.#overprovisioningFactor);
    const { priority, isDegraded } = choosePriority(load, draw);
    return this.#priorities[priority]?.choose(choice, isDegraded) ?? null;
  }
}

function healthOf(members: readonly BalancedHost[], isWeighted: boolean): PriorityHealth {
  const counted = members.filter((host) => !host.isExcluded);
  const sum = (hosts: readonly BalancedHost[]): number =>
    isWeighted ? hosts.reduce((total, { endpoint }) => total + endpoint.weight, 0) : hosts.length;
  const healthy = members.filter((host) => host.coarseHealth === 'healthy');
  const degraded = members.filter((host) => host.coarseHealth === 'degraded');
  return {
    total: sum(counted),
    healthy: sum(healthy),
    degraded: sum(degraded),
    hosts: { all: members.length, counted: counted.length, usable: healthy.length + degraded.length },
  };
}
