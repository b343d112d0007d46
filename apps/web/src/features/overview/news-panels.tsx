'use client';

import type { ChangeEffect, FindingCounts, Overview } from '@weft/agent/api/types';
import Link from 'next/link';
import { FindingTally } from '../../components/finding-tally.tsx';
import { Notice } from '../../components/notice.tsx';
import { Panel } from '../../components/panel.tsx';
import { count, formatClock, formatMs, formatPercent } from '../../lib/format.ts';
import { revisionHref } from '../../lib/links.ts';
import { useSharedQuery, withShared } from '../../lib/url-state.ts';
import classes from './overview.module.css';

export function ChangesPanel({ changes }: { changes: readonly ChangeEffect[] }) {
  const shared = useSharedQuery();
  return (
    <Panel title="Recent changes" isFlush actions={<Link href={withShared('/configuration?view=history', shared)}>History</Link>}>
      {changes.length === 0 ? (
        <Notice title="Nothing was changed yet">Every applied change appears here, with what it did to errors and latency.</Notice>
      ) : (
        <ul className={classes.lines}>
          {changes.slice(0, 8).map((change) => (
            <li key={change.revision}>
              <span className={`${classes.dim} num`}>{formatClock(change.at)}</span>
              <span className={classes.grow} title={change.why}>
                <Link href={withShared(revisionHref(change.revision), shared)}>#{change.revision}</Link> {change.why || 'no reason given'}{' '}
                <span className={classes.dim}>by {change.who}</span>
              </span>
              <Effect label="errors" before={change.errorPercentBefore} after={change.errorPercentAfter} format={formatPercent} />
              <Effect label="p95" before={change.p95MsBefore} after={change.p95MsAfter} format={formatMs} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

interface EffectProps {
  readonly label: string;
  readonly before: number | null;
  readonly after: number | null;
  readonly format: (value: number | null) => string;
}

/** A signal a minute after a change, coloured and signed when it moved by more than a tenth. */
function Effect({ label, before, after, format }: EffectProps) {
  if (before === null || after === null) return null;
  const moved = Math.abs(after - before) > Math.max(0.1 * before, 0.1);
  const tone = !moved ? classes.dim : after > before ? classes.worse : classes.better;
  return (
    <span className={`${tone} num`} title={`${label}: ${format(before)} before, ${format(after)} after`}>
      {label} {moved ? (after > before ? '▲ ' : '▼ ') : ''}
      {format(after)}
    </span>
  );
}

export function RolloutsPanel({ rollouts }: { rollouts: Overview['rollouts'] }) {
  const shared = useSharedQuery();
  return (
    <Panel title="Rollouts" isFlush actions={<Link href={withShared('/rollouts', shared)}>All</Link>}>
      {rollouts.length === 0 ? (
        <Notice title="No traffic is split">A VirtualService route with weighted destinations appears here.</Notice>
      ) : (
        <ul className={classes.lines}>
          {rollouts.slice(0, 6).map((rollout) => (
            <li key={rollout.id}>
              <span className={classes.grow}>
                <Link href={withShared(`/rollouts?rollout=${encodeURIComponent(rollout.id)}`, shared)}>{rollout.name}</Link>{' '}
                <span className={classes.dim}>{rollout.namespace}</span>
              </span>
              <span className="num">{rollout.weights.join(' / ')}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

export function FindingsPanel({ findings }: { findings: FindingCounts }) {
  const shared = useSharedQuery();
  const total = findings.errors + findings.warnings + findings.infos;
  return (
    <Panel title="Configuration findings" isFlush actions={<Link href={withShared('/configuration?view=findings', shared)}>Show</Link>}>
      <ul className={classes.lines}>
        <li>
          <FindingTally findings={findings} />
          <span className={classes.dim}>{total === 0 ? 'No analyzer has anything to say.' : count(total, 'finding')}</span>
        </li>
      </ul>
    </Panel>
  );
}
