'use client';

import { Button } from '@mantine/core';
import { ConvergenceView } from '../../components/convergence-view.tsx';
import { Refusal } from '../../components/refusal.tsx';
import { useApply } from '../../lib/apply.ts';
import { useConvergence } from '../../lib/convergence.ts';
import classes from './configuration.module.css';

/** After an apply: how far it has come, and the way back. */
export function AppliedNotice({ revision }: { revision: number }) {
  const { data } = useConvergence(revision, true);
  const undo = useApply((client) => client.config.undo.mutate({ id: revision, why: `undo revision ${revision}`, who: 'console' }));
  const isUndone = undo.data?.status === 'applied';
  return (
    <div className={classes.status}>
      <div className={classes.grow}>
        {data === undefined ? `Revision ${revision} is applied.` : <ConvergenceView convergence={data} />}
        <Refusal result={undo.data} error={undo.error} />
      </div>
      <Button variant="default" disabled={isUndone} loading={undo.isPending} onClick={() => undo.mutate()}>
        {isUndone ? 'Undone' : 'Undo'}
      </Button>
    </div>
  );
}
