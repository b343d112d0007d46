import { Button } from '@mantine/core';
import type { ApplyResult, Convergence } from '@weft/agent/api/config-types';
import classes from './applied-notice.module.css';
import { ConvergenceView } from './convergence-view.tsx';
import { Refusal } from './refusal.tsx';

interface AppliedNoticeProps {
  readonly revision: number;
  readonly convergence: Convergence | undefined;
  readonly isUndoing: boolean;
  readonly isUndone: boolean;
  readonly undoResult: ApplyResult | undefined;
  readonly undoError: { readonly message: string } | null;
  readonly undo: () => void;
}

/** After an apply: how far it has come, and the way back. */
export function AppliedNotice({ revision, convergence, isUndoing, isUndone, undoResult, undoError, undo }: AppliedNoticeProps) {
  return (
    <div className={classes.notice}>
      <div className={classes.grow}>
        {convergence === undefined ? `Revision ${revision} is applied.` : <ConvergenceView convergence={convergence} />}
        <Refusal result={undoResult} error={undoError} />
      </div>
      <Button variant="default" disabled={isUndone} loading={isUndoing} onClick={undo}>
        {isUndone ? 'Undone' : 'Undo'}
      </Button>
    </div>
  );
}
