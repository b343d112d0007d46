'use client';

import { UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Revision } from '@weft/agent/api/config-types';
import { Loadable } from '../../components/loadable.tsx';
import { Notice } from '../../components/notice.tsx';
import { formatDateTime } from '../../lib/format.ts';
import { useTRPC } from '../../lib/trpc.ts';
import classes from './configuration.module.css';
import { useConfigurationState } from './configuration-state.ts';
import { RevisionPane } from './revision-pane.tsx';

/** Every revision, newest first: who, when, why, and what it changed. */
export function History() {
  const trpc = useTRPC();
  const { data, error } = useQuery({ ...trpc.config.history.queryOptions({ limit: 200 }), refetchInterval: 5000 });
  return (
    <Loadable data={data} error={error} height={500} what="the history">
      {(revisions) => <Revisions revisions={revisions} />}
    </Loadable>
  );
}

function Revisions({ revisions }: { revisions: readonly Revision[] }) {
  const [{ revision }, setState] = useConfigurationState();
  if (revisions.length === 0)
    return <Notice title="There is no revision yet">The first one is made when the agent has read its configuration.</Notice>;
  const current = revisions.find(({ id }) => id === revision) ?? revisions[0];
  return (
    <div className={classes.history}>
      <ul className={classes.revisions} aria-label="Revisions">
        {revisions.map((item) => (
          <li key={item.id}>
            <UnstyledButton
              className={classes.revision}
              aria-current={item.id === current?.id ? 'true' : undefined}
              onClick={() => void setState({ revision: item.id, against: null })}
            >
              <strong className="num">#{item.id}</strong>
              <span className={classes.why}>{item.why === '' ? originWords[item.origin] : item.why}</span>
              <span>{item.reverts === null ? '' : `undoes #${item.reverts}`}</span>
              <span className={classes.dim}>
                {formatDateTime(item.at)} by {item.who}, {sizeOf(item)}
              </span>
            </UnstyledButton>
          </li>
        ))}
      </ul>
      {current !== undefined && <RevisionPane key={current.id} revision={current} all={revisions} />}
    </div>
  );
}

const originWords: Readonly<Record<Revision['origin'], string>> = {
  start: 'read at the start of the agent',
  file: 'edited in the directory',
  console: 'applied in the console',
  cli: 'applied with the command',
  undo: 'undo',
  restore: 'restore',
};

function sizeOf({ resources }: Revision): string {
  const parts = [
    resources.added.length > 0 ? `${resources.added.length} added` : '',
    resources.changed.length > 0 ? `${resources.changed.length} changed` : '',
    resources.removed.length > 0 ? `${resources.removed.length} removed` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'no resource changed' : parts.join(', ');
}
