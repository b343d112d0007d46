import { buildPlan } from '@weft/core/plan/build-plan';
import type { Plan } from '@weft/core/plan/plan';
import type { Snapshot } from '@weft/core/snapshot/snapshot';
import { referencesOf } from './references.ts';
import type { ResourceKind } from './resource-kinds.ts';

type ResourceOf<K extends ResourceKind> = Snapshot[K][number];

/** Named resources by kind, as they stand after an update. */
export interface ResourceUpdate {
  readonly set: ReadonlyMap<string, object>;
  readonly removed: readonly string[];
}

/** Why single resources of an update were refused. */
export interface Rejection {
  readonly name: string;
  readonly message: string;
}

/**
 * Holds every resource the proxy has, static and discovered, and the plan made of those that are complete. The plan is replaced by one
 * assignment; a listener joins it once its routes and secrets are there, a cluster once its endpoints are (or the wait has ended).
 */
export class PlanStore {
  #resources: Record<ResourceKind, Map<string, object>>;
  #static: Record<ResourceKind, Map<string, object>>;
  #plan: Plan;
  #onPlan: (plan: Plan, previous: Plan) => void;
  #isScheduled = false;
  /** The form of each listener that was last complete, and since when a newer one waits for its routes. */
  #warm: Map<string, object> = new Map();
  #waitingSince: Map<string, number> = new Map();
  #now: () => number;

  constructor(base: Snapshot, now: () => number, onPlan: (plan: Plan, previous: Plan) => void) {
    this.#now = now;
    this.#static = byName(base);
    this.#resources = { clusters: new Map(), endpoints: new Map(), listeners: new Map(), routes: new Map(), secrets: new Map() };
    this.#onPlan = onPlan;
    this.#plan = buildPlan(this.#warmSnapshot(), null);
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** True while an update is not in force yet, or a listener waits for its routes. */
  get isWarming(): boolean {
    return this.#isScheduled || this.#waitingSince.size > 0;
  }

  /** Everything known, static and discovered. */
  snapshot(): Snapshot {
    const list = <K extends ResourceKind>(kind: K): ResourceOf<K>[] => {
      const all = new Map([...this.#resources[kind], ...this.#static[kind]]);
      return [...all.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, resource]) => resource as ResourceOf<K>);
    };
    return {
      clusters: list('clusters'),
      endpoints: list('endpoints'),
      listeners: list('listeners'),
      routes: list('routes'),
      secrets: list('secrets'),
    };
  }

  discovered(kind: ResourceKind): ReadonlyMap<string, object> {
    return this.#resources[kind];
  }

  /** Takes an update of one kind. Resources that cannot be used are refused and their last good form stays. */
  apply(kind: ResourceKind, update: ResourceUpdate): readonly Rejection[] {
    const target = this.#resources[kind];
    const before = new Map(target);
    for (const name of update.removed) target.delete(name);
    for (const [name, resource] of update.set) target.set(name, resource);
    const rejections = this.#fatalProblems(kind, update);
    for (const { name } of rejections) {
      const good = before.get(name);
      if (good === undefined) target.delete(name);
      else target.set(name, good);
    }
    this.#schedule();
    return rejections;
  }

  /** Builds the plan now instead of at the end of this turn. */
  flush(): void {
    this.#isScheduled = false;
    const previous = this.#plan;
    this.#plan = buildPlan(this.#warmSnapshot(), previous);
    this.#onPlan(this.#plan, previous);
  }

  /** Several kinds often arrive in one turn of the loop: one plan for all of them. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      if (this.#isScheduled) this.flush();
    });
  }

  /** What can be used now: a listener whose routes are still to come stays as it was, for a limited time. */
  #warmSnapshot(): Snapshot {
    const all = this.snapshot();
    const routes = new Set(all.routes.map(nameOf));
    const names = new Set(all.listeners.map(nameOf));
    for (const name of this.#warm.keys()) if (!names.has(name)) this.#warm.delete(name);
    for (const name of this.#waitingSince.keys()) if (!names.has(name)) this.#waitingSince.delete(name);
    const listeners: object[] = [];
    for (const listener of all.listeners) {
      const usable = this.#warmListener(listener, routes);
      if (usable !== undefined) listeners.push(usable);
    }
    return { ...all, listeners: listeners as Snapshot['listeners'] };
  }

  #warmListener(listener: object, routes: ReadonlySet<string>): object | undefined {
    const name = nameOf(listener);
    const missing = [...referencesOf('listeners', listener).routes].some((route) => !routes.has(route));
    if (missing) {
      const since = this.#waitingSince.get(name) ?? this.#now();
      this.#waitingSince.set(name, since);
      if (this.#now() - since < initialFetchTimeoutMs) {
        setTimeout(() => this.#schedule(), initialFetchTimeoutMs).unref();
        return this.#warm.get(name);
      }
    }
    this.#waitingSince.delete(name);
    this.#warm.set(name, listener);
    return listener;
  }

  #fatalProblems(kind: ResourceKind, update: ResourceUpdate): Rejection[] {
    const only: Snapshot = { clusters: [], endpoints: [], listeners: [], routes: [], secrets: [], [kind]: [...update.set.values()] };
    const { problems } = buildPlan(only, null);
    return problems.filter((problem) => problem.fatal).map(({ name, message }) => ({ name, message }));
  }
}

/** How long a resource may wait for what it refers to; Envoy's default. */
const initialFetchTimeoutMs = 15_000;

function byName(snapshot: Snapshot): Record<ResourceKind, Map<string, object>> {
  const index = (list: readonly object[]): Map<string, object> => new Map(list.map((resource) => [nameOf(resource), resource]));
  return {
    clusters: index(snapshot.clusters),
    endpoints: index(snapshot.endpoints),
    listeners: index(snapshot.listeners),
    routes: index(snapshot.routes),
    secrets: index(snapshot.secrets),
  };
}

/** A resource's name; a listener without one is known by its address. */
export function nameOf(resource: object): string {
  const { name, clusterName } = resource as { name?: string; clusterName?: string };
  if (clusterName !== undefined) return clusterName;
  return name ?? JSON.stringify((resource as { address?: unknown }).address ?? '');
}
