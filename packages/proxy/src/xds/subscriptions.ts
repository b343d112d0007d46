import type { ConfigSource } from './config-source.ts';
import type { PlanStore } from './plan-store.ts';
import { referencedKinds, referencesOf } from './references.ts';
import type { ResourceKind } from './resource-kinds.ts';

/** What is wanted of one source; null names stand for everything it has. */
export interface SourceWishes {
  readonly source: ConfigSource;
  readonly wanted: ReadonlyMap<ResourceKind, ReadonlySet<string> | null>;
}

/** Sources of what nothing refers to: where all clusters and all listeners come from. */
export interface RootSources {
  readonly clusters: ConfigSource | null;
  readonly listeners: ConfigSource | null;
}

/**
 * What the bootstrap, the resources told last and those still in force ask for, by the key of its source. `isOwn` tells which secrets the
 * proxy provides itself; static resources are not asked for. A name wanted from different sources comes from the first.
 */
export function collectWishes(roots: RootSources, store: PlanStore, isOwn: (name: string) => boolean): Map<string, SourceWishes> {
  const wishes = new Map<string, { source: ConfigSource; wanted: Map<ResourceKind, Set<string> | null> }>();
  const open = (source: ConfigSource): Map<ResourceKind, Set<string> | null> => {
    const known = wishes.get(source.key);
    if (known !== undefined) return known.wanted;
    const wanted = new Map<ResourceKind, Set<string> | null>();
    wishes.set(source.key, { source, wanted });
    return wanted;
  };
  if (roots.clusters !== null) open(roots.clusters).set('clusters', null);
  if (roots.listeners !== null) open(roots.listeners).set('listeners', null);
  const taken = new Set<string>();
  const told = store.snapshot();
  const inForce = store.plan.snapshot;
  for (const [kind, list] of [
    ['clusters', told.clusters] as const,
    ['listeners', told.listeners] as const,
    ['clusters', inForce.clusters] as const,
    ['listeners', inForce.listeners] as const,
  ]) {
    for (const resource of list) {
      const references = referencesOf(kind, resource);
      for (const referred of referencedKinds) {
        for (const [name, source] of references[referred]) {
          const key = `${referred} ${name}`;
          if (taken.has(key) || store.resources.isStatic(referred, name) || (referred === 'secrets' && isOwn(name))) continue;
          taken.add(key);
          addName(open(source), referred, name);
        }
      }
    }
  }
  return wishes;
}

function addName(wanted: Map<ResourceKind, Set<string> | null>, kind: ResourceKind, name: string): void {
  const names = wanted.get(kind);
  if (names === undefined) wanted.set(kind, new Set([name]));
  else names?.add(name);
}
