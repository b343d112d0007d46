'use client';

import { Button, Select } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useQueries } from '@tanstack/react-query';
import type { Revision, RevisionDetail } from '@weft/agent/api/config-types';
import { DiffView } from '../../components/diff-view.tsx';
import { Loadable } from '../../components/loadable.tsx';
import { Refusal } from '../../components/refusal.tsx';
import { useApply } from '../../lib/apply.ts';
import { useTRPC } from '../../lib/trpc.ts';
import classes from './configuration.module.css';
import { useConfigurationState } from './configuration-state.ts';
import { diffBetween } from './revision-diff.ts';

/** What a revision changed, or everything between two; undo and restore. */
export function RevisionPane({ revision, all }: { revision: Revision; all: readonly Revision[] }) {
  const trpc = useTRPC();
  const [{ against }, setState] = useConfigurationState();
  const from = against === null ? revision.id - 1 : Math.min(against, revision.id);
  const to = against === null ? revision.id : Math.max(against, revision.id);
  const between = all.filter(({ id }) => id > from && id <= to);
  const details = useQueries({
    queries: between.map(({ id }) => ({ ...trpc.config.revision.queryOptions({ id }), staleTime: Number.POSITIVE_INFINITY })),
  });
  const isWhole = details.every(({ data }) => data !== undefined);
  const error = details.find((detail) => detail.error !== null)?.error ?? null;
  const loaded = isWhole ? details.flatMap(({ data }) => (data === undefined ? [] : [data as RevisionDetail])) : undefined;
  return (
    <section className={classes.editor} aria-label={`Revision ${revision.id}`}>
      <div className={classes.head}>
        <h2>Revision {revision.id}</h2>
        <div className={classes.grow}>
          <Select
            aria-label="Compare with"
            w={230}
            data={[
              { value: '', label: 'What it changed' },
              ...all
                .filter(({ id }) => id !== revision.id)
                .map(({ id, why }) => ({ value: String(id), label: `Compare with #${id} ${why}` })),
            ]}
            value={against === null ? '' : String(against)}
            onChange={(value) => void setState({ against: value === null || value === '' ? null : Number(value) })}
          />
        </div>
        <Actions revision={revision} isNewest={revision.id === all[0]?.id} />
      </div>
      <div className={classes.block} style={{ overflow: 'auto', borderTop: 0 }}>
        <Loadable data={loaded} error={error} height={300} what="the changes">
          {(revisions) => <Changes revisions={revisions} />}
        </Loadable>
      </div>
    </section>
  );
}

function Changes({ revisions }: { revisions: readonly RevisionDetail[] }) {
  const files = diffBetween(revisions);
  if (files.length === 0) return <div className={classes.dim}>The files are the same.</div>;
  return <DiffView files={files} label="Changes" />;
}

function Actions({ revision, isNewest }: { revision: Revision; isNewest: boolean }) {
  const undo = useApply((client) => client.config.undo.mutate({ id: revision.id, why: `undo revision ${revision.id}`, who: 'console' }));
  const restore = useApply((client) =>
    client.config.restore.mutate({ id: revision.id, why: `restore revision ${revision.id}`, who: 'console' }),
  );
  return (
    <>
      {revision.origin !== 'start' && (
        <Button variant="default" loading={undo.isPending} onClick={() => undo.mutate()}>
          Undo this revision
        </Button>
      )}
      {!isNewest && (
        <Button variant="default" loading={restore.isPending} onClick={() => confirmRestore(revision.id, () => restore.mutate())}>
          Restore the mesh to it
        </Button>
      )}
      <Refusal result={undo.data} error={undo.error} />
      <Refusal result={restore.data} error={restore.error} />
    </>
  );
}

function confirmRestore(id: number, onConfirm: () => void): void {
  modals.openConfirmModal({
    title: `Restore revision ${id}?`,
    children: 'All files become what they were at that revision. This makes a new revision, so it can be undone.',
    labels: { confirm: 'Restore', cancel: 'Keep' },
    onConfirm,
  });
}
