import { buildPlan } from '@weft/core/plan/build-plan';
import type { Plan } from '@weft/core/plan/plan';
import type { Snapshot } from '@weft/core/snapshot/snapshot';
import type { ClusterLoadAssignmentJson } from '@weft/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import { withExtensions } from './extension-configs.ts';
import { type ReferencedKind, referencesOf } from './references.ts';
import { nameOf } from './resource-kinds.ts';
import type { ResourceStore } from './resource-store.ts';
import { Warming } from './warming.ts';

/** What a plan store needs of the proxy around it. */
export interface PlanStoreOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Whether the proxy has a secret of its own by this name. */
  readonly providesSecret: (name: string) => boolean;
  readonly onPlan: (plan: Plan, previous: Plan) => void;
}

/**
 * The plan in force, made of those resources that are complete and replaced by one assignment. A listener joins it once its routes, secrets
 * and filters are there. A new cluster joins at once and holds its requests until its endpoints come; a changed one stays as it was till then.
 */
export class PlanStore {
  readonly resources: ResourceStore;
  #options: PlanStoreOptions;
  #plan: Plan;
  #isScheduled = false;
  #clusters: Warming;
  #listeners: Warming;
  #emptyByName: Map<string, ClusterLoadAssignmentJson> = new Map();

  constructor(resources: ResourceStore, options: PlanStoreOptions) {
    this.resources = resources;
    this.#options = options;
    const isKnown = (kind: ReferencedKind, name: string): boolean => this.#isKnown(kind, name);
    const rebuild = (): void => this.refresh();
    this.#clusters = new Warming('clusters', isKnown, options.now, rebuild);
    this.#listeners = new Warming('listeners', isKnown, options.now, rebuild);
    this.#plan = buildPlan(this.#warmSnapshot(), null);
    resources.onUpdate(() => this.refresh());
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** True while an update is not in force yet, or a cluster or listener waits for what it refers to. */
  get isWarming(): boolean {
    return this.#isScheduled || this.#clusters.isWaiting || this.#listeners.isWaiting;
  }

  snapshot(): Snapshot {
    return this.resources.snapshot();
  }

  /** Builds the plan now instead of at the end of this turn. */
  flush(): void {
    this.#isScheduled = false;
    const previous = this.#plan;
    this.#plan = buildPlan(this.#warmSnapshot(), previous);
    this.#options.onPlan(this.#plan, previous);
  }

  /** Builds the plan at the end of this turn: several kinds often arrive in one, and they make one plan. */
  refresh(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      if (this.#isScheduled) this.flush();
    });
  }

  #isKnown(kind: ReferencedKind, name: string): boolean {
    if (this.resources.get(kind, name) !== undefined) return true;
    if (kind === 'secrets') return this.#options.providesSecret(name);
    return kind !== 'extensions' && this.resources.isAbsent(kind, name);
  }

  #warmSnapshot(): Snapshot {
    const all = this.resources.snapshot();
    const complete = new Map(this.#clusters.usable(all.clusters).map((cluster) => [nameOf(cluster), cluster]));
    const find = (name: string): object | undefined => this.resources.get('extensions', name);
    return {
      ...all,
      clusters: all.clusters.map((cluster) => complete.get(nameOf(cluster)) ?? cluster),
      endpoints: [...all.endpoints, ...this.#emptyAssignments([...complete.values()], all.endpoints)],
      listeners: this.#listeners.usable(all.listeners).map((listener) => withExtensions(listener, find)),
    };
  }

  /** Clusters that are complete without endpoints have none: there is no such assignment, or it did not come in time. */
  #emptyAssignments(clusters: readonly object[], known: readonly ClusterLoadAssignmentJson[]): ClusterLoadAssignmentJson[] {
    const present = new Set(known.map(nameOf));
    const names = new Set(clusters.flatMap((cluster) => [...referencesOf('clusters', cluster).endpoints.keys()]));
    for (const name of this.#emptyByName.keys()) if (!names.has(name) || present.has(name)) this.#emptyByName.delete(name);
    for (const name of names) {
      // The same object as before, so that the plan sees no change.
      if (!present.has(name) && !this.#emptyByName.has(name)) this.#emptyByName.set(name, { clusterName: name });
    }
    return [...this.#emptyByName.values()];
  }
}
