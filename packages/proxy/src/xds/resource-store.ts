import { buildPlan } from '@weft/core/plan/build-plan';
import type { Snapshot } from '@weft/core/snapshot/snapshot';
import { withExtensions, withoutExtensions } from './extension-configs.ts';
import { nameOf, perKind, type ResourceKind, resourceKinds } from './resource-kinds.ts';

/** Named resources of one kind, as they stand after an update. */
export interface ResourceUpdate {
  readonly set: ReadonlyMap<string, object>;
  /** Names that the source says do not exist (any more). */
  readonly removed: readonly string[];
  /** Names that nobody asks for any more. */
  readonly forgotten?: readonly string[];
  /** Versions of what is set, by name, where the source tells them. */
  readonly versions?: ReadonlyMap<string, string>;
}

/** Why single resources of an update were refused. */
export interface Rejection {
  readonly name: string;
  readonly message: string;
}

/** Tells of what was accepted. */
export type UpdateListener = (kind: ResourceKind, update: ResourceUpdate) => void;

/** Looks into a secret before it is used; answers what is wrong with it, else null. */
export type SecretCheck = (secret: object) => string | null;

/** Everything a proxy was told, static and discovered. What cannot be used is refused, and its last good form stays. */
export class ResourceStore {
  #discovered: Record<ResourceKind, Map<string, object>> = perKind(() => new Map());
  #versions: Record<ResourceKind, Map<string, string>> = perKind(() => new Map());
  #absent: Record<ResourceKind, Set<string>> = perKind(() => new Set());
  #static: Record<ResourceKind, Map<string, object>>;
  #listeners: UpdateListener[] = [];
  #checkSecret: SecretCheck;
  #snapshot: Snapshot | null = null;

  constructor(base: Snapshot, checkSecret: SecretCheck) {
    this.#static = { ...perKind(() => new Map()), ...byName(base) };
    this.#checkSecret = checkSecret;
  }

  /** Everything known, static and discovered, as it was told. */
  snapshot(): Snapshot {
    this.#snapshot ??= this.#collect();
    return this.#snapshot;
  }

  get(kind: ResourceKind, name: string): object | undefined {
    return this.#static[kind].get(name) ?? this.#discovered[kind].get(name);
  }

  isStatic(kind: ResourceKind, name: string): boolean {
    return this.#static[kind].has(name);
  }

  /** Whether the source said that there is no such resource. */
  isAbsent(kind: ResourceKind, name: string): boolean {
    return this.#absent[kind].has(name);
  }

  discovered(kind: ResourceKind): ReadonlyMap<string, object> {
    return this.#discovered[kind];
  }

  versions(kind: ResourceKind): ReadonlyMap<string, string> {
    return this.#versions[kind];
  }

  /** Everything discovered, as updates that bring an empty store to the same state. */
  updates(): readonly (readonly [ResourceKind, ResourceUpdate])[] {
    return resourceKinds.map((kind) => [kind, { set: this.#discovered[kind], removed: [], versions: this.#versions[kind] }]);
  }

  onUpdate(listener: UpdateListener): void {
    this.#listeners.push(listener);
  }

  /** Takes an update of one kind and answers which of its resources cannot be used. */
  apply(kind: ResourceKind, update: ResourceUpdate): readonly Rejection[] {
    const forgotten = (update.forgotten ?? []).filter((name) => this.#forget(kind, name));
    const rejections = update.set.size === 0 ? [] : this.#problems(kind, update.set);
    const refused = new Set(rejections.map(({ name }) => name));
    const set = refused.size === 0 ? update.set : new Map([...update.set].filter(([name]) => !refused.has(name)));
    const removed = update.removed.filter((name) => this.#remove(kind, name));
    for (const [name, resource] of set) {
      this.#discovered[kind].set(name, resource);
      this.#absent[kind].delete(name);
      const version = update.versions?.get(name);
      if (version !== undefined) this.#versions[kind].set(name, version);
    }
    // An answer without resources counts too: it may be the one that was waited for.
    this.#tell(kind, { ...update, set, removed, forgotten });
    return rejections;
  }

  /** Drops what nobody asks for any more. */
  forget(kind: ResourceKind, names: readonly string[]): void {
    this.apply(kind, { set: new Map(), removed: [], forgotten: names });
  }

  #collect(): Snapshot {
    const list = <K extends keyof Snapshot>(kind: K): Snapshot[K][number][] => {
      const all = new Map([...this.#discovered[kind], ...this.#static[kind]]);
      return [...all.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, resource]) => resource as Snapshot[K][number]);
    };
    return {
      clusters: list('clusters'),
      endpoints: list('endpoints'),
      listeners: list('listeners'),
      routes: list('routes'),
      secrets: list('secrets'),
    };
  }

  #tell(kind: ResourceKind, update: ResourceUpdate): void {
    this.#snapshot = null;
    for (const listener of this.#listeners) listener(kind, update);
  }

  #forget(kind: ResourceKind, name: string): boolean {
    this.#versions[kind].delete(name);
    const wasAbsent = this.#absent[kind].delete(name);
    return this.#discovered[kind].delete(name) || wasAbsent;
  }

  /** Clusters and listeners go when they are removed. What others refer to stays, as Envoy has it, until they refer to it no more. */
  #remove(kind: ResourceKind, name: string): boolean {
    this.#versions[kind].delete(name);
    if (kind === 'clusters' || kind === 'listeners') return this.#discovered[kind].delete(name);
    if (this.#discovered[kind].has(name)) return false;
    this.#absent[kind].add(name);
    return true;
  }

  #problems(kind: ResourceKind, set: ReadonlyMap<string, object>): Rejection[] {
    if (kind === 'secrets') return rejectionsOf(set, this.#checkSecret);
    if (kind === 'extensions') return rejectionsOf(set, extensionProblem);
    const resources = [...set.values()];
    const judged = kind === 'listeners' ? resources.map(withoutExtensions) : resources;
    const only: Snapshot = { clusters: [], endpoints: [], listeners: [], routes: [], secrets: [], [kind]: judged };
    const { problems } = buildPlan(only, null);
    return problems.filter((problem) => problem.fatal).map(({ name, message }) => ({ name, message }));
  }
}

function rejectionsOf(set: ReadonlyMap<string, object>, check: (resource: object) => string | null): Rejection[] {
  return [...set].flatMap(([name, resource]) => {
    const message = check(resource);
    return message === null ? [] : [{ name, message }];
  });
}

/** A single filter is judged in a listener of its own. */
function extensionProblem(extension: object): string | null {
  const listener = withExtensions({ filterChains: [{ filters: [managerWith(nameOf(extension))] }] }, () => extension);
  const { problems } = buildPlan({ clusters: [], endpoints: [], listeners: [listener], routes: [], secrets: [] }, null);
  return problems.find(({ fatal }) => fatal)?.message ?? null;
}

function managerWith(filter: string): object {
  const type = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  return { name: 'http', typedConfig: { '@type': type, routeConfig: {}, httpFilters: [{ name: filter, configDiscovery: {} }] } };
}

function byName(snapshot: Snapshot): Record<keyof Snapshot, Map<string, object>> {
  const index = (list: readonly object[]): Map<string, object> => new Map(list.map((resource) => [nameOf(resource), resource]));
  return {
    clusters: index(snapshot.clusters),
    endpoints: index(snapshot.endpoints),
    listeners: index(snapshot.listeners),
    routes: index(snapshot.routes),
    secrets: index(snapshot.secrets),
  };
}
