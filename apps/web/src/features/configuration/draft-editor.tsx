'use client';

import { Button } from '@mantine/core';
import { modals } from '@mantine/modals';
import type { DraftChange } from '@weft/agent/api/config-types';
import type { Finding, ResourceId } from '@weft/agent/api/types';
import { type ReactNode, useMemo, useState } from 'react';
import { AppliedNotice } from '../../components/applied-notice.tsx';
import { Refusal } from '../../components/refusal.tsx';
import { YamlEditor } from '../../components/yaml-editor.tsx';
import { useAgentState } from '../../lib/agent-state.ts';
import { useAppliedRevision } from '../../lib/applied-revision.ts';
import { sendChanges, useApply } from '../../lib/apply.ts';
import { useDraftAnalysis } from '../../lib/draft-analysis.ts';
import { AnalysisStatus } from './analysis-status.tsx';
import classes from './configuration.module.css';
import { useConfigurationState } from './configuration-state.ts';
import { DraftPreview } from './draft-preview.tsx';
import { RelatedResources } from './related-resources.tsx';

interface DraftEditorProps {
  /** Null for a resource that does not exist yet. */
  readonly id: ResourceId | null;
  readonly label: string;
  readonly title: ReactNode;
  /** The text in force; empty for a new resource. */
  readonly saved: string;
  readonly savedFindings: readonly Finding[];
  readonly related: readonly ResourceId[];
  readonly text: string;
  readonly onText: (text: string) => void;
  /** Line to go to first. */
  readonly line: number | null;
  readonly onApplied: () => void;
  readonly onDeleted: () => void;
}

/** One document in the editor, analysed in the whole mesh while it is typed, with preview and apply. */
export function DraftEditor(props: DraftEditorProps) {
  const { id, label, title, saved, savedFindings, related, text, onText, line, onApplied, onDeleted } = props;
  const { status } = useAgentState();
  const [isPreviewed, setPreviewed] = useState(false);
  const [{ applied: appliedRevision }, setState] = useConfigurationState();
  const applied = useAppliedRevision(appliedRevision);
  const [revealed, setRevealed] = useState<{ readonly line: number } | null>(line === null ? null : { line });
  const isChanged = text !== saved;
  const change = useMemo<DraftChange>(() => ({ kind: 'resource', id, yaml: text }), [id, text]);
  const live = useDraftAnalysis(isChanged ? change : null);
  const findings = isChanged ? (live.analysis?.draft ?? []) : savedFindings.map((finding) => ({ ...finding }));
  const name = id ?? 'new resource';
  const apply = useApply(
    (client) =>
      sendChanges(client, {
        changes: [change],
        why: `${id === null ? 'create' : 'edit'} ${name}`,
        baseRevision: status?.agent.revision ?? null,
      }),
    (revision) => {
      applied.forgetUndo();
      void setState({ applied: revision }, { history: 'replace' });
      setPreviewed(false);
      onApplied();
    },
  );
  const remove = useApply(
    (client) => sendChanges(client, { changes: [{ kind: 'delete', id: id ?? '' }], why: `delete ${name}`, baseRevision: null }),
    onDeleted,
  );
  const discard = () => {
    onText(saved);
    setPreviewed(false);
    apply.reset();
  };
  return (
    <>
      <div className={classes.head}>
        {title}
        {id !== null && (
          <Button variant="subtle" color="red" loading={remove.isPending} onClick={() => confirmDelete(name, () => remove.mutate())}>
            Delete
          </Button>
        )}
        <Button variant="default" disabled={!isChanged} onClick={discard}>
          Discard
        </Button>
        <Button
          variant={isPreviewed ? 'light' : 'default'}
          disabled={!isChanged}
          aria-pressed={isPreviewed}
          onClick={() => setPreviewed(!isPreviewed)}
        >
          Preview
        </Button>
        <Button disabled={!isChanged} loading={apply.isPending} onClick={() => apply.mutate()}>
          Apply
        </Button>
      </div>
      <div className={classes.code}>
        <YamlEditor
          value={text}
          onChange={onText}
          label={label}
          markers={findings}
          revealed={revealed}
          onSave={() => isChanged && apply.mutate()}
        />
      </div>
      <div className={classes.below}>
        <Refusal result={apply.data} error={apply.error} isBrief />
        <Refusal result={remove.data} error={remove.error} />
        {applied.revision !== null && !isChanged && <AppliedNotice {...applied} revision={applied.revision} />}
        <AnalysisStatus isChanged={isChanged} live={live} findings={findings} onReveal={(finding) => setRevealed({ line: finding.line })} />
        {isPreviewed && isChanged && <DraftPreview change={change} />}
        {!isPreviewed && <RelatedResources ids={related} />}
      </div>
    </>
  );
}

function confirmDelete(name: string, onConfirm: () => void): void {
  modals.openConfirmModal({
    title: `Delete ${name}?`,
    children: 'The document is taken out of its file. The history keeps it, so this can be undone.',
    labels: { confirm: 'Delete', cancel: 'Keep' },
    confirmProps: { color: 'red' },
    onConfirm,
  });
}
