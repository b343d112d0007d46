import { type KindKey, kindKey, type ResourceSet } from '../resource/kinds.ts';
import type { Resource } from '../resource/resource.ts';
import type { ResourceReader } from './analyzer.ts';

/** The kinds of which one set holds resources that the other does not. */
export function changedKinds(before: ResourceSet, after: ResourceSet): ReadonlySet<KindKey> {
  const changed = new Set<KindKey>();
  addMissing(before.all, after.all, changed);
  addMissing(after.all, before.all, changed);
  return changed;
}

/** Whether the resources of two sets, of whatever kind, are in the same namespaces. */
export function isInSameNamespaces(before: ResourceSet, after: ResourceSet): boolean {
  const known = namespacesOf(before);
  const now = namespacesOf(after);
  return known.size === now.size && [...now].every((name) => known.has(name));
}

/** Whether two sets of kinds have any in common. */
export function intersects(a: ReadonlySet<KindKey>, b: ReadonlySet<KindKey>): boolean {
  for (const kind of a) if (b.has(kind)) return true;
  return false;
}

/** A set that remembers in `reads` which kinds were asked for. */
export function recordReads(set: ResourceReader, reads: Set<KindKey>): ResourceReader {
  return {
    ofKind: (kind) => {
      reads.add(kind);
      return set.ofKind(kind);
    },
    get: (kind, namespace, name) => {
      reads.add(kind);
      return set.get(kind, namespace, name);
    },
  };
}

function addMissing(from: readonly Resource[], to: readonly Resource[], changed: Set<KindKey>): void {
  const known = new Set(from);
  for (const resource of to) {
    const kind = known.has(resource) ? null : kindKey(resource.ref.group, resource.ref.kind);
    if (kind !== null) changed.add(kind);
  }
}

function namespacesOf(set: ResourceSet): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { ref } of set.all) names.add(ref.namespace);
  return names;
}
