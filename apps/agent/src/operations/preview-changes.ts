import { diffSnapshots, type TypeDiff } from '@weft/core/xds/diff';
import type { AffectedProxy, ConfigPreview, DraftAnalysis, DraftChange } from '../api/config-types.ts';
import type { Finding } from '../api/types.ts';
import { changesBetween, newFindings } from '../store/config-store.ts';
import type { Configuration } from '../store/configuration.ts';
import { fileChanges } from '../store/file-diff.ts';
import type { AgentParts } from './agent-parts.ts';
import { type DraftPlace, draftFiles } from './draft-files.ts';

/** What the analyzers say about the whole mesh with a draft in it. */
export function analyzeDraft(parts: AgentParts, changes: readonly DraftChange[]): DraftAnalysis {
  const { files, places } = draftFiles(parts.config.current, changes);
  return compareFindings(parts, parts.config.draft(files), places);
}

/** What applying a draft would do: to the text, to the findings and to each proxy. */
export function previewChanges(parts: AgentParts, changes: readonly DraftChange[]): ConfigPreview {
  const { files, places } = draftFiles(parts.config.current, changes);
  return previewFiles(parts, files, places);
}

export function previewFiles(parts: AgentParts, files: ReadonlyMap<string, string>, places: readonly DraftPlace[]): ConfigPreview {
  const draft = parts.config.draft(files);
  return {
    ...compareFindings(parts, draft, places),
    baseRevision: parts.config.revision,
    files: fileChanges(changesBetween(parts.config.current.files, files)),
    proxies: affectedProxies(parts, draft),
  };
}

function compareFindings(parts: AgentParts, draft: Configuration, places: readonly DraftPlace[]): DraftAnalysis {
  const before = parts.config.current.findings();
  const after = draft.findings();
  const added = newFindings(before, after);
  return {
    draft: places.flatMap((place) => after.flatMap((finding) => relativeTo(place, finding) ?? [])),
    added,
    fixed: newFindings(after, before),
    valid: added.every(({ level }) => level !== 'Error'),
  };
}

function relativeTo({ file, lineOffset, lines }: DraftPlace, finding: Finding): Finding | null {
  const line = finding.line - lineOffset;
  return finding.file === file && line >= 1 && line <= lines ? { ...finding, line } : null;
}

function affectedProxies(parts: AgentParts, draft: Configuration): readonly AffectedProxy[] {
  return parts.registry.connections().flatMap(({ node }) => {
    const before = parts.pusher.snapshotOf(parts.config.current.mesh(), node);
    const after = parts.pusher.snapshotOf(draft.mesh(), node);
    const changes = before === after ? [] : diffSnapshots(before, after).flatMap(toChanges);
    return changes.length === 0 ? [] : [{ id: node.id, name: node.name, namespace: node.namespace, changes }];
  });
}

const nameOfType = { cds: 'cluster', eds: 'endpoint', lds: 'listener', rds: 'route', sds: 'secret' } as const;

function toChanges({ type, added, changed, removed }: TypeDiff): AffectedProxy['changes'] {
  const all = (names: readonly string[], change: AffectedProxy['changes'][number]['change']) =>
    names.map((name) => ({ type: nameOfType[type], name, change }));
  return [...all(added, 'added'), ...all(changed, 'changed'), ...all(removed, 'removed')];
}
