'use client';

import { Loader } from '@mantine/core';
import { IconCircleCheckFilled, IconExclamationCircleFilled } from '@tabler/icons-react';
import type { Finding } from '@weft/agent/api/types';
import { FindingList } from '../../components/finding-list.tsx';
import type { LiveAnalysis } from '../../lib/draft-analysis.ts';
import { count } from '../../lib/format.ts';
import classes from './configuration.module.css';

interface AnalysisStatusProps {
  readonly isChanged: boolean;
  readonly live: LiveAnalysis;
  /** Those in the text itself. */
  readonly findings: readonly Finding[];
  readonly onReveal: (finding: Finding) => void;
}

/** What the analysis says: about the text, about the rest of the mesh, and whether it can be applied. */
export function AnalysisStatus({ isChanged, live, findings, onReveal }: AnalysisStatusProps) {
  const elsewhere = isChanged ? (live.analysis?.added ?? []).filter((added) => !findings.some((finding) => isSame(finding, added))) : [];
  return (
    <section aria-label="Findings" aria-busy={isChanged && live.isBehind}>
      <Headline isChanged={isChanged} live={live} count={findings.length} />
      {findings.length > 0 && <FindingList findings={findings} empty="" onReveal={onReveal} />}
      {elsewhere.length > 0 && (
        <div className={classes.block}>
          <h3>New findings elsewhere in the mesh</h3>
          <FindingList findings={elsewhere} empty="" />
        </div>
      )}
      {isChanged && (live.analysis?.fixed.length ?? 0) > 0 && (
        <div className={classes.status}>{count(live.analysis?.fixed.length ?? 0, 'finding')} would be fixed.</div>
      )}
    </section>
  );
}

function Headline({ isChanged, live, count: total }: { isChanged: boolean; live: LiveAnalysis; count: number }) {
  if (live.error !== null && isChanged) return <div className={classes.status}>The draft could not be analysed: {live.error.message}</div>;
  if (!isChanged) {
    return (
      <div className={classes.status}>{total === 0 ? 'In force, without findings.' : `In force, with ${count(total, 'finding')}.`}</div>
    );
  }
  if (live.analysis === undefined) {
    return (
      <div className={classes.status}>
        <Loader size={14} /> Analysing the draft in the whole mesh…
      </div>
    );
  }
  const { valid } = live.analysis;
  const Icon = valid ? IconCircleCheckFilled : IconExclamationCircleFilled;
  return (
    <div className={classes.status} data-tone={valid ? 'good' : 'bad'} role="status">
      <Icon size={16} aria-hidden />
      {valid
        ? total === 0
          ? 'The draft is valid.'
          : `The draft is valid, with ${count(total, 'finding')}.`
        : `The draft cannot be applied: ${count(total, 'finding')}.`}
      {live.isBehind && <Loader size={12} aria-label="Analysing" />}
    </div>
  );
}

function isSame(a: Finding, b: Finding): boolean {
  return a.code === b.code && a.message === b.message && a.path === b.path;
}
