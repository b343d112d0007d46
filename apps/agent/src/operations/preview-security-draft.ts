import type { DraftChange, SecurityDraftPreview } from '../api/config-types.ts';
import type { AgentParts } from './agent-parts.ts';
import { draftFiles } from './draft-files.ts';
import { previewFiles } from './preview-changes.ts';
import { replayRecords } from './replay-records.ts';

/** What a security draft would do: to the text, the findings, the proxies and to recorded requests. */
export async function previewSecurityDraft(parts: AgentParts, changes: readonly DraftChange[]): Promise<SecurityDraftPreview> {
  const { files, places } = draftFiles(parts.config.current, changes);
  const replay = await replayRecords(parts, parts.config.draft(files).mesh());
  return { ...previewFiles(parts, files, places), replay };
}
