'use client';

import { Loader } from '@mantine/core';
import { IconCircleCheckFilled, IconExclamationCircleFilled } from '@tabler/icons-react';
import type { ReplayGroup, SecurityDraftPreview } from '@weft/agent/api/config-types';
import type { Finding } from '@weft/agent/api/types';
import { AffectedProxies } from '../../components/affected-proxies.tsx';
import { DiffView } from '../../components/diff-view.tsx';
import { FindingList } from '../../components/finding-list.tsx';
import { Notice } from '../../components/notice.tsx';
import { count } from '../../lib/format.ts';
import { partsOfResourceId } from '../../lib/links.ts';
import classes from './security.module.css';
import type { SecurityDraftState } from './security-draft.ts';

interface PolicyPreviewProps {
  readonly isChanged: boolean;
  readonly live: SecurityDraftState;
  readonly onReveal: (finding: Finding) => void;
}

/** What applying would do: to recorded requests, to findings, to the file, to the proxies. */
export function PolicyPreview({ isChanged, live, onReveal }: PolicyPreviewProps) {
  if (!isChanged) return <div className={classes.status}>This is in force. Change it to see what would happen.</div>;
  if (live.error !== null) {
    return (
      <Notice tone="problem" title="The draft could not be checked" isCompact>
        {live.error.message}
      </Notice>
    );
  }
  if (live.preview === undefined) {
    return (
      <div className={classes.status}>
        <Loader size={14} /> Replaying recorded requests against the draft…
      </div>
    );
  }
  return <Preview preview={live.preview} isBehind={live.isBehind} onReveal={onReveal} />;
}

interface PreviewProps {
  readonly preview: SecurityDraftPreview;
  readonly isBehind: boolean;
  readonly onReveal: (finding: Finding) => void;
}

function Preview({ preview, isBehind, onReveal }: PreviewProps) {
  const Icon = preview.valid ? IconCircleCheckFilled : IconExclamationCircleFilled;
  return (
    <section aria-label="Preview" aria-busy={isBehind}>
      <div className={classes.status} data-tone={preview.valid ? 'good' : 'bad'} role="status">
        <Icon size={16} aria-hidden />
        {preview.valid ? 'The draft is valid.' : 'The draft cannot be applied.'}
        {isBehind && <Loader size={12} aria-label="Checking" />}
      </div>
      {preview.draft.length > 0 && <FindingList findings={preview.draft} empty="" onReveal={onReveal} />}
      {preview.replay.evaluated > 0 && <Replay replay={preview.replay} />}
      {preview.files.length > 0 && (
        <div className={classes.block}>
          <h3>What Apply will write</h3>
          <DiffView files={preview.files} label="YAML changes" />
          <AffectedProxies proxies={preview.proxies} />
        </div>
      )}
    </section>
  );
}

function Replay({ replay }: { replay: SecurityDraftPreview['replay'] }) {
  return (
    <div className={classes.block}>
      <h3>Recorded requests replayed</h3>
      {replay.groups.length === 0 && <div>All {replay.evaluated} recorded requests would end as they did.</div>}
      {replay.groups.length > 0 && (
        <ul className={classes.replay}>
          {replay.groups.map((group) => (
            <ReplayRow
              key={`${group.change} ${group.source} ${group.destination} ${group.policy ?? ''} ${group.rule ?? ''}`}
              group={group}
            />
          ))}
        </ul>
      )}
      <div className={classes.note}>
        {replay.evaluated} replayed, {replay.unchanged} unchanged.
      </div>
    </div>
  );
}

function ReplayRow({ group }: { group: ReplayGroup }) {
  const { sample } = group;
  return (
    <li data-change={group.change}>
      <div>
        <strong>{group.change === 'newly-denied' ? 'Newly denied' : 'Newly allowed'}</strong>: {group.source} → {group.destination},{' '}
        {count(group.count, 'request')}
      </div>
      <div className={classes.note}>
        {group.policy === null
          ? 'No ALLOW rule would match'
          : `By ${partsOfResourceId(group.policy).name}${group.rule === null ? '' : `, rule ${group.rule}`}`}
        , for instance{' '}
        <span className="mono">
          {sample.method} {sample.path}
        </span>
      </div>
    </li>
  );
}
