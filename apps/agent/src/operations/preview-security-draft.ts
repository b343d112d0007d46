import type { DraftChange, SecurityDraftPreview } from '../api/config-types.ts';
import type { AgentParts } from './agent-parts.ts';
import { previewChanges } from './preview-changes.ts';

/** What a security draft would do: to the text, the findings, the proxies and to recorded requests. */
export function previewSecurityDraft(parts: AgentParts, changes: readonly DraftChange[]): SecurityDraftPreview {
  return { ...previewChanges(parts, changes), replay: { evaluated: 0, unchanged: 0, groups: [] } };
}
