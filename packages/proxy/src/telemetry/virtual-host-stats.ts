import { headerHolds } from '@weft/core/plan/build-matcher';
import type { RequestFacts } from '@weft/core/plan/facts';
import type { RoutePlan, VirtualHostPlan } from '@weft/core/plan/route-plan';
import type { Counter, DeclaredStats, Registry } from './registry.ts';
import type { StatScope } from './stat-scope.ts';

const groupEvents = [
  'upstream_rq_retry',
  'upstream_rq_retry_limit_exceeded',
  'upstream_rq_retry_overflow',
  'upstream_rq_retry_success',
  'upstream_rq_timeout',
  'upstream_rq_total',
] as const;

type GroupEvent = (typeof groupEvents)[number];

/** What happens to the tries of a request, counted at its cluster too. */
export type RetryEvent = Extract<GroupEvent, `${string}_retry${string}`>;

const groupStats: DeclaredStats<null> = { counters: groupEvents };

/** The virtual cluster and the named route that a request belongs to: each counts it beside its upstream cluster. */
export class RequestGroups {
  readonly #groups: readonly RequestGroup[];

  constructor(groups: readonly RequestGroup[]) {
    this.#groups = groups;
  }

  count(event: GroupEvent): void {
    for (const group of this.#groups) group.count(event);
  }

  countStatus(status: number): void {
    for (const group of this.#groups) group.countStatus(status);
  }

  recordTime(ms: number): void {
    for (const group of this.#groups) group.recordTime(ms);
  }
}

/** Envoy's stats of virtual clusters, and of routes that have a prefix of their own. */
export class VirtualHostStats {
  readonly #registry: Registry;
  readonly #groups: Map<string, RequestGroup> = new Map();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Null for most requests: their virtual host has no virtual clusters, and their route no prefix. */
  groupsOf(host: VirtualHostPlan, route: RoutePlan, request: RequestFacts): RequestGroups | null {
    const { virtualClusters, name } = host;
    if (virtualClusters.length === 0 && route.statPrefix === '') return null;
    const groups: RequestGroup[] = [];
    if (virtualClusters.length > 0) {
      const found = virtualClusters.find(({ headers }) => headers.every((matcher) => headerHolds(matcher, request)));
      groups.push(this.#group(name, 'vcluster', 'envoy.virtual_cluster', found?.name ?? 'other'));
    }
    if (route.statPrefix !== '') groups.push(this.#group(name, 'route', 'envoy.route', route.statPrefix));
    return new RequestGroups(groups);
  }

  #group(host: string, kind: 'route' | 'vcluster', tag: string, name: string): RequestGroup {
    const prefix = `vhost.${host}.${kind}.${name}.`;
    let group = this.#groups.get(prefix);
    if (group === undefined) {
      const own = [tag, name] as const;
      const ofHost = ['envoy.virtual_host', host] as const;
      const labels = kind === 'route' ? [ofHost, own] : [own, ofHost];
      group = new RequestGroup(this.#registry, { prefix, extractedPrefix: `vhost.${kind}.`, labels });
      this.#groups.set(prefix, group);
    }
    return group;
  }
}

class RequestGroup {
  readonly #registry: Registry;
  readonly #scope: StatScope;
  readonly #byStatus: Map<number, readonly Counter[]> = new Map();

  constructor(registry: Registry, scope: StatScope) {
    this.#registry = registry;
    this.#scope = scope;
    registry.declare(scope, groupStats, null);
  }

  count(event: GroupEvent): void {
    this.#registry.counter(this.#scope, event).value++;
  }

  countStatus(status: number): void {
    let counters = this.#byStatus.get(status);
    if (counters === undefined) {
      const names = [`upstream_rq_${Math.floor(status / 100)}xx`, `upstream_rq_${status}`, 'upstream_rq_completed'];
      counters = names.map((name) => this.#registry.counter(this.#scope, name));
      this.#byStatus.set(status, counters);
    }
    for (const counter of counters) counter.value++;
  }

  recordTime(ms: number): void {
    this.#registry.histogram(this.#scope, 'upstream_rq_time').observe(ms);
  }
}
