import type { ApplyRequest, ChangeAuthor } from '../api/agent-api.ts';
import type { ApplyResult } from '../api/config-types.ts';
import { WeftError } from '../api/weft-error.ts';
import type { AgentParts } from './agent-parts.ts';
import { draftFiles } from './draft-files.ts';

/** Puts a draft in force and writes it to its files, or refuses it with the errors that it would bring. */
export function applyChanges(parts: AgentParts, { changes, baseRevision, ...author }: ApplyRequest): ApplyResult {
  if (baseRevision !== null && baseRevision !== parts.config.revision) {
    throw new WeftError(
      'CONFLICT',
      `the draft was made on revision ${baseRevision}, now ${parts.config.revision} is in force; look at the changes since`,
    );
  }
  const { files } = draftFiles(parts.config.current, changes);
  return parts.config.apply(files, { ...commitOf(author), why: author.why || defaultReason(changes.length), reverts: null });
}

export function commitOf({ who, why, origin }: ChangeAuthor): { who: string; why: string; origin: 'console' | 'cli' } {
  return { who, why, origin };
}

function defaultReason(changes: number): string {
  return changes === 1 ? 'edited one resource' : `edited ${changes} resources`;
}
