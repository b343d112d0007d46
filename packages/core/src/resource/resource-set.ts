import { type KindKey, type KindMap, kindKey, type ResourceSet } from './kinds.ts';
import type { Resource } from './resource.ts';

/** Indexes resources by kind, and by name the kinds that are asked for by name. */
export function createResourceSet(resources: readonly Resource[]): ResourceSet {
  const byKind = new Map<KindKey, Resource[]>();
  for (const resource of resources) {
    const key = kindKey(resource.ref.group, resource.ref.kind);
    if (key === null) continue;
    const list = byKind.get(key);
    if (list) list.push(resource);
    else byKind.set(key, [resource]);
  }
  const namesOfKind = new Map<KindKey, ReadonlyMap<string, Resource>>();
  const namesOf = (kind: KindKey): ReadonlyMap<string, Resource> => {
    const known = namesOfKind.get(kind);
    const names =
      known ?? new Map((byKind.get(kind) ?? []).map((resource) => [`${resource.ref.namespace}/${resource.ref.name}`, resource]));
    if (!known) namesOfKind.set(kind, names);
    return names;
  };
  return {
    all: resources,
    ofKind: <K extends KindKey>(kind: K) => (byKind.get(kind) ?? []) as unknown as readonly KindMap[K][],
    get: <K extends KindKey>(kind: K, namespace: string, name: string) =>
      (namesOf(kind).get(`${namespace}/${name}`) ?? null) as unknown as KindMap[K] | null,
  };
}

/**
 * Istio's order of resources that compete, "oldest first": by creation time, then name, then namespace. Resources without a creation time
 * (from files) count as equally old.
 */
export function compareAge(a: Resource, b: Resource): number {
  return (a.createdAt ?? 0) - (b.createdAt ?? 0) || compareText(a.ref.name, b.ref.name) || compareText(a.ref.namespace, b.ref.namespace);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
