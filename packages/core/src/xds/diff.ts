import type { Snapshot } from '../snapshot/snapshot.ts';
import { resourceName, resourcesOf } from './codec.ts';
import { pushOrder, type XdsType } from './type-urls.ts';

/** What changed in one resource type between two snapshots; names are sorted. */
export interface TypeDiff {
  readonly type: XdsType;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** What changed between two snapshots: types without a change are left out. Resources are compared by content. */
export function diffSnapshots(before: Snapshot, after: Snapshot): readonly TypeDiff[] {
  return pushOrder
    .map((type) => diffType(type, before, after))
    .filter((diff) => diff.added.length + diff.changed.length + diff.removed.length > 0);
}

function diffType(type: XdsType, before: Snapshot, after: Snapshot): TypeDiff {
  const old = byName(type, before);
  const now = byName(type, after);
  const names = [...now.keys()].sort();
  return {
    type,
    added: names.filter((name) => !old.has(name)),
    changed: names.filter((name) => old.has(name) && !isSame(old.get(name), now.get(name))),
    removed: [...old.keys()].filter((name) => !now.has(name)).sort(),
  };
}

function byName(type: XdsType, snapshot: Snapshot): ReadonlyMap<string, object> {
  return new Map(resourcesOf(snapshot, type).map((json) => [resourceName(type, json), json]));
}

/** Snapshots are made with their keys in one order, so equal content gives equal text. */
function isSame(a: object | undefined, b: object | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
