import type { Revision, RevisionDetail } from '../api/config-types.ts';
import { WeftError } from '../api/weft-error.ts';
import { fileChanges } from '../store/file-diff.ts';
import type { StoredRevision } from '../store/revision-store.ts';
import type { AgentParts } from './agent-parts.ts';

/** Revisions, newest first. */
export function listRevisions(parts: AgentParts, limit: number, before: number | null): readonly Revision[] {
  return parts.revisions.list(limit, before).map(toRevision);
}

/** One revision with its texts before and after. @throws WeftError NOT_FOUND */
export function readRevision(parts: AgentParts, id: number): RevisionDetail {
  const stored = parts.revisions.read(id);
  if (!stored) throw new WeftError('NOT_FOUND', `no revision ${id}; the newest is ${parts.config.revision}`);
  return { ...toRevision(stored), changes: fileChanges(stored.changes) };
}

/** A stored revision without its texts. */
export function toRevision({ id, at, who, why, origin, changes, added, changed, removed, reverts }: StoredRevision): Revision {
  return { id, at, who, why, origin, files: changes.map(({ file }) => file), resources: { added, changed, removed }, reverts };
}
