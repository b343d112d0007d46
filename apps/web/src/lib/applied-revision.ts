'use client';

import { useApply } from './apply.ts';
import { useConvergence } from './convergence.ts';

/** A revision that was just made: how far it has come, and a way to take it back. */
export function useAppliedRevision(revision: number | null) {
  const { data } = useConvergence(revision, revision !== null);
  const undo = useApply((client) => client.config.undo.mutate({ id: revision, why: `undo revision ${revision ?? ''}`, who: 'console' }));
  return {
    revision,
    convergence: data,
    isUndoing: undo.isPending,
    isUndone: undo.data?.status === 'applied',
    undoResult: undo.data,
    undoError: undo.error,
    undo: () => undo.mutate(),
    forgetUndo: undo.reset,
  };
}
