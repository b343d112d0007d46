import type { RevisionDetail } from '@weft/agent/api/config-types';
import { createTwoFilesPatch } from 'diff';
import type { FileDiff } from '../../components/diff-view.tsx';

/** The changes of consecutive revisions taken together: one diff per file, from before the first to after the last. */
export function diffBetween(revisions: readonly RevisionDetail[]): readonly FileDiff[] {
  const [only] = revisions;
  if (revisions.length === 1 && only !== undefined) return only.changes.map(({ file, diff }) => ({ file, diff }));
  const endsByFile = new Map<string, { readonly before: string; readonly after: string }>();
  for (const revision of [...revisions].sort((a, b) => a.id - b.id)) {
    for (const { file, before, after } of revision.changes) {
      endsByFile.set(file, { before: endsByFile.get(file)?.before ?? before, after });
    }
  }
  return [...endsByFile]
    .filter(([, { before, after }]) => before !== after)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([file, { before, after }]) => ({ file, diff: createTwoFilesPatch(file, file, before, after, '', '', { context: 3 }) }));
}
