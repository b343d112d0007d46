import type { LoadBalancerPlan, SubsetSelectorPlan } from '../plan/cluster-plan.ts';
import type { BalancedHost, HostChoice } from './balanced-host.ts';
import { Balancer } from './balancer.ts';
import type { BalancedAssignment } from './priority-hosts.ts';
import { isSameLocality, type LocalCluster } from './zone-routing.ts';

/** Metadata that a route asks hosts to have; null = none. */
export type SubsetCriteria = Readonly<Record<string, unknown>> | null;

/** A cluster's hosts with what their balancing depends on. */
interface Membership<H> {
  readonly hosts: readonly H[];
  readonly assignment: BalancedAssignment;
  readonly localCluster: LocalCluster | null;
}

type Subsets = NonNullable<LoadBalancerPlan['subsets']>;

/**
 * Balances over the subset of hosts that a request's criteria name (Envoy's subset load balancer): the keys of the criteria must be exactly
 * those of a selector, and hosts count where their `envoy.lb` metadata has the same values. Otherwise the selector's fallback decides, else
 * the cluster's.
 */
export class SubsetBalancer<H extends BalancedHost> {
  readonly #plan: LoadBalancerPlan;
  readonly #subsets: Subsets;
  #membership: Membership<H> = { hosts: [], assignment: noAssignment, localCluster: null };
  #balancers: Map<string, Balancer<H> | null> = new Map();

  constructor(plan: LoadBalancerPlan, subsets: Subsets) {
    this.#plan = plan;
    this.#subsets = subsets;
  }

  update(hosts: readonly H[], assignment: BalancedAssignment, localCluster: LocalCluster | null = null): void {
    this.#membership = { hosts, assignment, localCluster };
    this.#balancers.clear();
  }

  choose(choice: HostChoice, criteria: SubsetCriteria): H | null {
    const list = this.#subsets.triesFallbackList ? criteria?.[fallbackList] : undefined;
    if (!Array.isArray(list)) return this.#chooseOnce(choice, criteria);
    const { [fallbackList]: _list, ...own } = criteria ?? {};
    if (list.length === 0) return this.#chooseOnce(choice, own);
    for (const changes of list) {
      const chosen = this.#chooseOnce(choice, { ...own, ...(changes as object) });
      if (chosen !== null) return chosen;
    }
    return null;
  }

  #chooseOnce(choice: HostChoice, criteria: SubsetCriteria): H | null {
    const { fallback, defaultSubset, panicModeAny } = this.#subsets;
    const selector = criteria === null ? null : this.#selectorFor(Object.keys(criteria));
    if (criteria !== null && selector !== null) {
      const subset = this.#subset(criteria);
      if (subset !== null) return subset.choose(choice);
      if (selector.fallback !== 'NOT_DEFINED') return this.#chooseForSelector(selector, criteria, choice);
    }
    if (fallback === 'NO_FALLBACK') return null;
    const chosen = (fallback === 'ANY_ENDPOINT' ? this.#any() : this.#subset(defaultSubset))?.choose(choice) ?? null;
    return chosen ?? (panicModeAny ? this.#any().choose(choice) : null);
  }

  #chooseForSelector({ fallback, fallbackKeys }: SubsetSelectorPlan, criteria: NonNullable<SubsetCriteria>, choice: HostChoice): H | null {
    switch (fallback) {
      case 'ANY_ENDPOINT':
        return this.#any().choose(choice);
      case 'DEFAULT_SUBSET':
        return this.#subset(this.#subsets.defaultSubset)?.choose(choice) ?? null;
      case 'KEYS_SUBSET':
        return this.#chooseOnce(choice, Object.fromEntries(Object.entries(criteria).filter(([key]) => fallbackKeys.includes(key))));
      default:
        return null;
    }
  }

  #selectorFor(keys: readonly string[]): SubsetSelectorPlan | null {
    const isExact = ({ keys: own }: SubsetSelectorPlan): boolean => own.length === keys.length && own.every((key) => keys.includes(key));
    return this.#subsets.selectors.find(isExact) ?? null;
  }

  #any(): Balancer<H> {
    const known = this.#balancers.get('');
    if (known) return known;
    const balancer = this.#balancerOf(this.#membership.hosts);
    this.#balancers.set('', balancer);
    return balancer;
  }

  /** Null where no host belongs to it. */
  #subset(criteria: Readonly<Record<string, unknown>>): Balancer<H> | null {
    const key = JSON.stringify(Object.entries(criteria).sort(([a], [b]) => (a < b ? -1 : 1)));
    const known = this.#balancers.get(key);
    if (known !== undefined) return known;
    const members = this.#membership.hosts.filter((host) => this.#belongs(host, criteria));
    const isSingle = this.#subsets.selectors.some((each) => each.singleHostPerSubset && each.keys.every((name) => name in criteria));
    const balancer = members.length === 0 ? null : this.#balancerOf(isSingle ? members.slice(0, 1) : members);
    this.#balancers.set(key, balancer);
    return balancer;
  }

  #belongs({ endpoint }: H, criteria: Readonly<Record<string, unknown>>): boolean {
    const own = endpoint.metadata['envoy.lb'] ?? {};
    return Object.entries(criteria).every(([key, wanted]) => {
      const value = own[key];
      if (this.#subsets.listAsAny && Array.isArray(value)) return value.some((each) => isEqual(each, wanted));
      return isEqual(value, wanted);
    });
  }

  #balancerOf(members: readonly H[]): Balancer<H> {
    const { assignment, localCluster } = this.#membership;
    const { localityWeightAware } = this.#subsets;
    const plan: LoadBalancerPlan =
      this.#plan.locality === 'weighted' && !localityWeightAware ? { ...this.#plan, locality: 'none' } : this.#plan;
    const balancer = new Balancer<H>(plan);
    balancer.update(members, this.#scaled(assignment, members), localCluster);
    return balancer;
  }

  /** `scale_locality_weight`: a locality counts by how many of its hosts are in the subset. */
  #scaled(assignment: BalancedAssignment, members: readonly H[]): BalancedAssignment {
    if (!this.#subsets.scaleLocalityWeight) return assignment;
    const localities = assignment.localities.map((each) => {
      const within = ({ endpoint }: H): boolean => endpoint.priority === each.priority && isSameLocality(endpoint.locality, each.locality);
      const all = this.#membership.hosts.filter(within).length;
      const part = all === 0 ? 0 : members.filter(within).length / all;
      return { ...each, weight: each.weight === null ? null : Math.round(each.weight * part) };
    });
    return { ...assignment, localities };
  }
}

const fallbackList = 'fallback_list';
const noAssignment: BalancedAssignment = { localities: [], overprovisioningFactor: 140, weightedPriorityHealth: false };

function isEqual(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && a !== null && JSON.stringify(a) === JSON.stringify(b));
}
