'use client';

import { Button } from '@mantine/core';
import type { Revision } from '@weft/agent/api/config-types';
import { Panel } from '../../components/panel.tsx';
import { SharedLink } from '../../components/shared-link.tsx';
import { useApply } from '../../lib/apply.ts';
import { formatClock } from '../../lib/format.ts';
import { revisionHref } from '../../lib/links.ts';
import classes from './rollouts.module.css';

/** The last steps of this rollout; each can be taken back. */
export function RolloutHistory({ revisions }: { revisions: readonly Revision[] }) {
  return (
    <Panel title="Steps so far" isFlush actions={<SharedLink href="/configuration?view=history">History</SharedLink>}>
      {revisions.length === 0 ? (
        <div className={classes.quiet}>The weights are as they were when the agent started.</div>
      ) : (
        <ul className={classes.lines}>
          {revisions.slice(0, 6).map((revision) => (
            <Step key={revision.id} revision={revision} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Step({ revision }: { revision: Revision }) {
  const undo = useApply((client) => client.config.undo.mutate({ id: revision.id, why: `undo ${revision.why}`, who: 'console' }));
  return (
    <li>
      <span className={`${classes.dim} num`}>{formatClock(revision.at)}</span>
      <span className={classes.grow}>
        <SharedLink href={revisionHref(revision.id)}>#{revision.id}</SharedLink> {revision.why}{' '}
        <span className={classes.dim}>by {revision.who}</span>
        {undo.error !== null && <div className={classes.problem}>{undo.error.message}</div>}
        {undo.data?.status === 'refused' && <div className={classes.problem}>{undo.data.reason}</div>}
      </span>
      {revision.origin !== 'start' && (
        <Button
          variant="default"
          size="compact-xs"
          loading={undo.isPending}
          onClick={() => undo.mutate()}
          aria-label={`Undo revision ${revision.id}`}
        >
          Undo
        </Button>
      )}
    </li>
  );
}
