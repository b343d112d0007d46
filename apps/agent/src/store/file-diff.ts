import { createTwoFilesPatch } from 'diff';
import type { FileChange } from '../api/config-types.ts';
import type { StoredChange } from './revision-store.ts';

/** Changes with their unified diffs; files that are added or removed have an empty side. */
export function fileChanges(changes: readonly StoredChange[]): readonly FileChange[] {
  return changes.map(({ file, before, after }) => ({
    file,
    before: before ?? '',
    after: after ?? '',
    diff: createTwoFilesPatch(file, file, before ?? '', after ?? '', undefined, undefined, { context: 3 }),
  }));
}
