import type { ChangeAuthor } from '../api/agent-api.ts';
import type { ApplyResult } from '../api/config-types.ts';
import type { ResourceId } from '../api/types.ts';
import { WeftError } from '../api/weft-error.ts';
import type { StoredChange, StoredRevision } from '../store/revision-store.ts';
import { appendDocument, findDocument, removeDocument, replaceDocument } from '../store/yaml-documents.ts';
import type { AgentParts } from './agent-parts.ts';

/** Takes back one revision (the last that still stands, when null); what was changed since elsewhere stays. @throws WeftError */
export function undoRevision(parts: AgentParts, id: number | null, author: ChangeAuthor): ApplyResult {
  const revision = id === null ? lastStanding(parts) : parts.revisions.read(id);
  if (!revision) throw new WeftError('NOT_FOUND', id === null ? 'there is nothing to undo' : `no revision ${id}`);
  const files = new Map(parts.config.current.files);
  for (const change of revision.changes) {
    const text = takeBack(files.get(change.file) ?? null, change, revision);
    if (text === null) files.delete(change.file);
    else files.set(change.file, text);
  }
  return parts.config.apply(files, {
    ...author,
    why: author.why || `undo of ${revision.id}: ${revision.why}`,
    origin: 'undo',
    reverts: revision.id,
  });
}

/** Brings the configuration back to what it was right after a revision. @throws WeftError */
export function restoreRevision(parts: AgentParts, id: number, author: ChangeAuthor): ApplyResult {
  const revision = parts.revisions.read(id);
  if (!revision) throw new WeftError('NOT_FOUND', `no revision ${id}; the newest is ${parts.config.revision}`);
  const files = parts.revisions.filesAt(id);
  return parts.config.apply(files, { ...author, why: author.why || `back to revision ${id}`, origin: 'restore', reverts: null });
}

function lastStanding(parts: AgentParts): StoredRevision | null {
  const reverted = new Set<number>();
  for (const revision of parts.revisions.list(1_000, null)) {
    if (revision.reverts !== null) reverted.add(revision.reverts);
    const stands = revision.origin !== 'undo' && revision.origin !== 'start' && !reverted.has(revision.id);
    if (stands) return revision;
  }
  return null;
}

/** The file without the change. When it was edited since, only the documents that the change touched are taken back. */
function takeBack(current: string | null, { file, before, after }: StoredChange, revision: StoredRevision): string | null {
  if (current === after) return before;
  let text = current ?? '';
  for (const id of [...revision.added, ...revision.changed, ...revision.removed]) {
    const [old, made] = [findDocument(before ?? '', id), findDocument(after ?? '', id)];
    if (old === made) continue;
    if (findDocument(text, id) !== made) throw conflict(id, file, revision.id);
    text = restoreDocument(text, id, old, made) ?? text;
  }
  return text === '' ? null : text;
}

function restoreDocument(text: string, id: ResourceId, old: string | null, made: string | null): string | null {
  if (old === null) return removeDocument(text, id);
  return made === null ? appendDocument(text, old) : replaceDocument(text, id, old);
}

function conflict(id: ResourceId, file: string, revision: number): WeftError {
  return new WeftError(
    'CONFLICT',
    `${id} in ${file} was changed again after revision ${revision}; undo the later change first, or restore a revision`,
  );
}
