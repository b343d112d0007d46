import type { HostChoice as BalancedChoice } from '@weft/core/engine/balanced-host';
import { Balancer } from '@weft/core/engine/balancer';
import type { BalancedAssignment } from '@weft/core/engine/priority-hosts';
import type { PriorityHealth } from '@weft/core/engine/priority-load';
import { SubsetBalancer } from '@weft/core/engine/subset-balancer';
import type { LocalCluster } from '@weft/core/engine/zone-routing';
import type { ClusterPlan, LoadAssignmentPlan, LoadBalancerPlan, LocalityPlan } from '@weft/core/plan/cluster-plan';
import type { Host } from './host.ts';
import { type HostChoice, isRefused, prioritiesTried } from './host-choice.ts';

/** What hosts are selected from. */
export interface SelectedCluster {
  readonly loadBalancer: LoadBalancerPlan;
  readonly hosts: readonly Host[];
  readonly assignment: BalancedAssignment;
  readonly localCluster: LocalCluster | null;
}

/** Selects hosts of one cluster as they were when it was made; to be made anew when anything about them changes. */
export class HostSelection {
  /** Whether hosts of some priority are used whatever their health. */
  readonly isPanic: boolean;
  readonly #all: Balancer<Host>;
  readonly #subsets: SubsetBalancer<Host> | null;
  readonly #random: () => number;
  /** Null where choices do not depend on time. */
  readonly #now: (() => number) | null;

  constructor({ loadBalancer, hosts, assignment, localCluster }: SelectedCluster, random: () => number, now: () => number) {
    this.#random = random;
    this.#now = loadBalancer.slowStart === null ? null : now;
    this.#all = new Balancer(loadBalancer);
    this.#all.update(hosts, assignment, localCluster);
    this.isPanic = this.#all.load.isPanic.includes(true);
    this.#subsets = loadBalancer.subsets === null ? null : new SubsetBalancer(loadBalancer, loadBalancer.subsets);
    this.#subsets?.update(hosts, assignment, localCluster);
  }

  /** How healthy each priority is. */
  get health(): readonly PriorityHealth[] {
    return this.#all.health;
  }

  /** A host for one try; `only` asks for one priority. Null when none can be had. */
  choose(choice: HostChoice, only: number | null = null): Host | null {
    const { retry } = choice;
    const excludedPriorities = only === null ? (retry === null ? null : prioritiesTried(retry)) : this.#others(only);
    const selections = retry === null ? 1 : retry.policy.hostSelectionMaxAttempts + 1;
    const nowMs = this.#now?.() ?? 0;
    let chosen: Host | null = null;
    for (let attempt = 0; attempt < selections; attempt++) {
      chosen = this.#select(choice, { hash: choice.hash, attempt, excludedPriorities, random: this.#random, nowMs });
      if (chosen === null || retry === null || !isRefused(chosen, retry)) return chosen;
    }
    // Every draw fell on a host that the retry would rather not have: better that one than none.
    return chosen;
  }

  #select({ metadataMatch }: HostChoice, choice: BalancedChoice): Host | null {
    return this.#subsets === null ? this.#all.choose(choice) : this.#subsets.choose(choice, metadataMatch);
  }

  #others(only: number): ReadonlySet<number> {
    return new Set(this.#all.health.map((_, priority) => priority).filter((priority) => priority !== only));
  }
}

/** A cluster as its hosts are selected: with where this proxy runs, and the cluster of its fleet. */
interface SelectableCluster {
  readonly plan: ClusterPlan;
  readonly hosts: readonly Host[];
  readonly assignment: LoadAssignmentPlan | null;
  readonly environment: {
    readonly localClusterName: string;
    readonly locality: LocalityPlan;
    readonly random: () => number;
    readonly now: () => number;
    clusterNamed(name: string): { readonly hosts: readonly Host[] } | undefined;
  };
}

/** A selection among the hosts that a cluster has now. */
export function selectionOf(cluster: SelectableCluster): HostSelection {
  const { plan, hosts, assignment, environment } = cluster;
  const { localClusterName, locality, clusterNamed, random, now } = environment;
  const fleet = localClusterName === '' ? undefined : clusterNamed(localClusterName);
  const localCluster = fleet === undefined || fleet === cluster ? null : { locality, hosts: fleet.hosts };
  const selected = { loadBalancer: plan.loadBalancer, hosts, assignment: assignment ?? noLocalities, localCluster };
  return new HostSelection(selected, random, now);
}

const noLocalities: BalancedAssignment = { localities: [], overprovisioningFactor: 140, weightedPriorityHealth: false };
