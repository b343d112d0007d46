import type { LoadAssignmentPlan, LoadBalancerPlan, LocalityPlan } from '../plan/cluster-plan.ts';
import type { BalancedHost, HostChoice } from './balanced-host.ts';
import { createPicker, type Picker } from './host-picker.ts';
import { WeightedSchedule } from './weighted-schedule.ts';
import { isSameLocality, type LocalCluster, ZoneRouting } from './zone-routing.ts';

/** What balancing reads of an assignment. */
export type BalancedAssignment = Pick<LoadAssignmentPlan, 'localities' | 'overprovisioningFactor' | 'weightedPriorityHealth'>;

/** What the hosts of one priority are chosen by. */
export interface PriorityContext {
  readonly plan: LoadBalancerPlan;
  readonly assignment: BalancedAssignment;
  readonly isPanic: boolean;
  readonly localCluster: LocalCluster | null;
  /** Requests under way at the whole cluster, for bounded loads. */
  readonly activeRequests: () => number;
}

type Kind = 'healthy' | 'degraded';

interface Group<H> {
  readonly hosts: readonly H[];
  /** Weight of the locality, less what its usable hosts cannot serve. */
  readonly weight: number;
  picker: Picker<H> | null;
}

/** One locality's hosts at this priority. */
interface LocalityHosts<H> {
  readonly locality: LocalityPlan;
  readonly weight: number;
  readonly members: readonly H[];
}

/** The hosts of one priority: all of them in panic, else the usable ones, by locality where localities count. */
export class PriorityHosts<H extends BalancedHost> {
  readonly #context: PriorityContext;
  readonly #isHashed: boolean;
  readonly #localities: readonly LocalityHosts<H>[];
  readonly #flat: Readonly<Record<Kind, Group<H>>>;
  readonly #byLocality: Partial<Record<Kind, readonly Group<H>[]>> = {};
  readonly #schedules: Partial<Record<Kind, WeightedSchedule<Group<H>>>> = {};
  readonly #zones: ZoneRouting | null;

  constructor(members: readonly H[], context: PriorityContext) {
    const { plan, isPanic, localCluster } = context;
    this.#context = context;
    this.#isHashed = plan.policy === 'RING_HASH' || plan.policy === 'MAGLEV';
    const needsLocalities = plan.locality === 'weighted' || localCluster !== null;
    this.#localities = needsLocalities ? localitiesOf(members, context.assignment, localCluster?.locality ?? null) : [];
    const usable = (kind: Kind): Group<H> => ({
      hosts: isPanic ? members : members.filter((host) => host.coarseHealth === kind),
      weight: 1,
      picker: null,
    });
    this.#flat = { healthy: usable('healthy'), degraded: usable('degraded') };
    this.#zones =
      localCluster === null || isPanic || this.#isHashed
        ? null
        : ZoneRouting.create(
            this.#localities.map(({ locality, members: own }) => ({ locality, healthy: countHealthy(own) })),
            localCluster,
            plan,
          );
  }

  choose(choice: HostChoice, isDegraded: boolean): H | null {
    const { plan, isPanic } = this.#context;
    if (this.#isHashed) return this.#chooseHashed(choice);
    if (isPanic) return plan.failTrafficOnPanic ? null : this.#pick(this.#flat.healthy, choice);
    const kind: Kind = isDegraded ? 'degraded' : 'healthy';
    if (plan.locality === 'weighted') {
      const group = this.#schedule(kind, choice).pick();
      if (group !== null) return this.#pick(group, choice);
    }
    if (this.#zones !== null) {
      const zone = this.#zones.choose(choice.random);
      if (zone === 'fail') return null;
      if (zone !== 'any') return this.#pick(this.#groups(kind)[zone] ?? this.#flat[kind], choice);
    }
    return this.#pick(this.#flat[kind], choice);
  }

  /** One table holds all localities: their weights are part of the hosts' shares. Degraded hosts are never in it. */
  #chooseHashed(choice: HostChoice): H | null {
    const group = this.#flat.healthy;
    group.picker ??= createPicker(this.#shares(), this.#context, choice);
    return group.picker(choice);
  }

  #shares(): readonly { readonly host: H; readonly share: number }[] {
    const { plan, isPanic } = this.#context;
    const isUsable = (host: H): boolean => isPanic || host.coarseHealth === 'healthy';
    const total = sum(this.#localities.map(({ weight }) => weight));
    if (plan.locality !== 'weighted' || total === 0) return sharesOf(this.#flat.healthy.hosts, 1);
    return this.#localities.flatMap(({ weight, members }) => (weight === 0 ? [] : sharesOf(members.filter(isUsable), weight / total)));
  }

  #pick(group: Group<H>, choice: HostChoice): H | null {
    group.picker ??= createPicker(sharesOf(group.hosts, 1), this.#context, choice);
    return group.picker(choice);
  }

  #groups(kind: Kind): readonly Group<H>[] {
    const made =
      this.#byLocality[kind] ??
      this.#localities.map(({ members, weight }) => {
        const hosts = members.filter((host) => host.coarseHealth === kind);
        const total = members.filter((host) => !host.isExcluded).length;
        const factor = this.#context.assignment.overprovisioningFactor / 100;
        const availability = total === 0 ? 0 : Math.min(1, factor * (hosts.length / total));
        return { hosts, weight: weight * availability, picker: null };
      });
    this.#byLocality[kind] = made;
    return made;
  }

  #schedule(kind: Kind, { random }: HostChoice): WeightedSchedule<Group<H>> {
    const made = this.#schedules[kind] ?? new WeightedSchedule(this.#groups(kind), (group) => group.weight, random());
    this.#schedules[kind] = made;
    return made;
  }
}

/** Envoy's order: the proxy's own locality first, the others by name. Entries of the same locality are one. */
function localitiesOf<H extends BalancedHost>(
  members: readonly H[],
  assignment: BalancedAssignment,
  own: LocalityPlan | null,
): readonly LocalityHosts<H>[] {
  const found: { locality: LocalityPlan; weight: number; members: H[] }[] = [];
  for (const host of members) {
    const { locality, priority } = host.endpoint;
    let entry = found.find((each) => isSameLocality(each.locality, locality));
    if (entry === undefined) {
      const configured = assignment.localities.filter((each) => each.priority === priority && isSameLocality(each.locality, locality));
      entry = { locality, weight: configured.at(-1)?.weight ?? 0, members: [] };
      found.push(entry);
    }
    entry.members.push(host);
  }
  const rank = (locality: LocalityPlan): string =>
    `${own !== null && isSameLocality(locality, own) ? 0 : 1}\0${locality.region}\0${locality.zone}\0${locality.subZone}`;
  return found.sort((a, b) => (rank(a.locality) < rank(b.locality) ? -1 : 1));
}

function sharesOf<H extends BalancedHost>(hosts: readonly H[], part: number): readonly { readonly host: H; readonly share: number }[] {
  const total = sum(hosts.map(({ endpoint }) => endpoint.weight));
  return hosts.map((host) => ({ host, share: (host.endpoint.weight * part) / total }));
}

function countHealthy(hosts: readonly BalancedHost[]): number {
  return hosts.filter((host) => host.coarseHealth === 'healthy').length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
