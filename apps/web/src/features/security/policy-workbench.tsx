'use client';

import { Button, SegmentedControl } from '@mantine/core';
import type { DraftChange } from '@weft/agent/api/config-types';
import type { Finding } from '@weft/agent/api/types';
import { useMemo, useState } from 'react';
import { AppliedNotice } from '../../components/applied-notice.tsx';
import { Notice } from '../../components/notice.tsx';
import { Refusal } from '../../components/refusal.tsx';
import { YamlEditor } from '../../components/yaml-editor.tsx';
import { useAgentState } from '../../lib/agent-state.ts';
import { useAppliedRevision } from '../../lib/applied-revision.ts';
import { sendChanges, useApply } from '../../lib/apply.ts';
import { readPolicy } from './policy-document.ts';
import { PolicyPreview } from './policy-preview.tsx';
import { policySentence } from './policy-sentence.ts';
import classes from './security.module.css';
import { useSecurityDraft } from './security-draft.ts';
import { useSecurityState } from './security-state.ts';
import { VisualEditor } from './visual-editor.tsx';

interface PolicyWorkbenchProps {
  readonly id: string | null;
  readonly title: string;
  /** The text in force, or the template of a new policy. */
  readonly saved: string;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onApplied: (revision: number) => void;
}

/** One policy in two views of one document, with what it would change beside it. */
export function PolicyWorkbench({ id, title, saved, text, onText, onApplied }: PolicyWorkbenchProps) {
  const { status } = useAgentState();
  const [{ mode, applied: revision }, setState] = useSecurityState();
  const [revealed, setRevealed] = useState<{ readonly line: number } | null>(null);
  const applied = useAppliedRevision(revision);
  const read = useMemo(() => readPolicy(text), [text]);
  const isChanged = text !== saved;
  const change = useMemo<DraftChange>(() => ({ kind: 'resource', id, yaml: text }), [id, text]);
  const live = useSecurityDraft(isChanged ? change : null);
  const apply = useApply(
    (client) => sendChanges(client, { changes: [change], why: reasonOf(id, text), baseRevision: status?.agent.revision ?? null }),
    (made) => {
      applied.forgetUndo();
      void setState({ applied: made }, { history: 'replace' });
      onApplied(made);
    },
  );
  const reveal = ({ line }: { readonly line: number }) => {
    setRevealed({ line });
    void setState({ mode: 'yaml' }, { history: 'replace' });
  };
  const isPolicy = 'model' in read;
  const isVisual = mode === 'visual' && isPolicy;
  return (
    <section className={classes.editor} aria-label={`Editor of ${title}`}>
      <div className={classes.head}>
        <h2 className={classes.grow}>{title}</h2>
        <SegmentedControl
          aria-label="Edit as"
          value={isVisual ? 'visual' : 'yaml'}
          onChange={(next) => void setState({ mode: next as 'visual' | 'yaml' }, { history: 'replace' })}
          data={[
            { value: 'visual', label: 'Visual', disabled: !isPolicy },
            { value: 'yaml', label: 'YAML' },
          ]}
        />
        <Button variant="default" disabled={!isChanged} onClick={() => onText(saved)}>
          Discard
        </Button>
        <Button disabled={!isChanged} loading={apply.isPending} onClick={() => apply.mutate()}>
          Apply
        </Button>
      </div>
      <div className={classes.body}>
        <div className={classes.main}>
          {isVisual ? (
            <VisualEditor model={read.model} text={text} isNew={id === null} onText={onText} />
          ) : (
            <YamlEditor
              value={text}
              onChange={onText}
              label={`YAML of ${title}`}
              markers={isChanged ? (live.preview?.draft ?? noFindings) : noFindings}
              revealed={revealed}
            />
          )}
        </div>
        <div className={classes.side}>
          {!isPolicy && (
            <Notice title="Only YAML for this document" isCompact>
              {read.problem}
            </Notice>
          )}
          {isPolicy && !isVisual && (
            <div className={classes.block} style={{ borderTop: 0 }}>
              {policySentence(read.model)}
            </div>
          )}
          <Refusal result={apply.data} error={apply.error} />
          {revision !== null && !isChanged && <AppliedNotice {...applied} revision={revision} />}
          <PolicyPreview isChanged={isChanged} live={live} onReveal={reveal} />
        </div>
      </div>
    </section>
  );
}

const noFindings: readonly Finding[] = [];

/** Told in the history: the policy and what it does now. */
function reasonOf(id: string | null, text: string): string {
  const read = readPolicy(text);
  if (!('model' in read)) return `edit ${id ?? 'a policy'}`;
  const { model } = read;
  return `${id === null ? 'new policy' : 'policy'} ${model.namespace}/${model.name}: ${policySentence(model)}`.slice(0, 400);
}
