import type { PlanStore } from './plan-store.ts';
import { referencesOf } from './references.ts';
import type { ResourceKind } from './resource-kinds.ts';

/** Which endpoints, routes and secrets the discovered clusters and listeners ask for. */
export class Subscriptions {
  #store: PlanStore;
  #ownSecrets: (name: string) => boolean;
  #names: Record<'endpoints' | 'routes' | 'secrets', Set<string>> = { endpoints: new Set(), routes: new Set(), secrets: new Set() };
  #listeners: (() => void)[] = [];

  /** `ownSecrets` tells which secrets the proxy provides itself. */
  constructor(store: PlanStore, ownSecrets: (name: string) => boolean) {
    this.#store = store;
    this.#ownSecrets = ownSecrets;
    this.#collect();
  }

  names(kind: ResourceKind): ReadonlySet<string> {
    return kind === 'endpoints' || kind === 'routes' || kind === 'secrets' ? this.#names[kind] : new Set();
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Reads the resources again and tells when the wanted names changed. */
  refresh(): void {
    const before = this.#names;
    this.#collect();
    const after = this.#names;
    const changed = (['endpoints', 'routes', 'secrets'] as const).some((kind) => !isSame(before[kind], after[kind]));
    if (changed) for (const listener of this.#listeners) listener();
  }

  #collect(): void {
    const names = { endpoints: new Set<string>(), routes: new Set<string>(), secrets: new Set<string>() };
    const { clusters, listeners } = this.#store.snapshot();
    for (const [kind, list] of [
      ['clusters', clusters],
      ['listeners', listeners],
    ] as const) {
      for (const resource of list) {
        const references = referencesOf(kind, resource);
        for (const name of references.endpoints) names.endpoints.add(name);
        for (const name of references.routes) names.routes.add(name);
        for (const name of references.secrets) if (!this.#ownSecrets(name)) names.secrets.add(name);
      }
    }
    this.#names = names;
  }
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false;
  for (const name of a) if (!b.has(name)) return false;
  return true;
}
