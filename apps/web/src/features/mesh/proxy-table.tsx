'use client';

import { UnstyledButton } from '@mantine/core';
import { IconAlertTriangleFilled, IconCircleCheckFilled, IconCircleDashed, IconExclamationCircleFilled } from '@tabler/icons-react';
import type { ColumnDef } from '@tanstack/react-table';
import type { ProxyStatus, SyncState, XdsKind } from '@weft/agent/api/types';
import { parseAsString, useQueryState } from 'nuqs';
import { DataTable } from '../../components/data-table.tsx';
import { Notice } from '../../components/notice.tsx';
import { Panel } from '../../components/panel.tsx';
import { formatMs, formatSpan } from '../../lib/format.ts';
import { useSortState } from '../../lib/sort-state.ts';
import classes from './mesh.module.css';
import { ProxyDetail } from './proxy-detail.tsx';

const kinds: readonly XdsKind[] = ['cds', 'eds', 'lds', 'rds', 'sds'];
const badness: Readonly<Record<SyncState, number>> = { NACK: 3, STALE: 2, NOT_SENT: 1, SYNCED: 0 };
const icons = {
  SYNCED: IconCircleCheckFilled,
  STALE: IconAlertTriangleFilled,
  NACK: IconExclamationCircleFilled,
  NOT_SENT: IconCircleDashed,
} as const;
const words: Readonly<Record<SyncState, string>> = { SYNCED: 'SYNCED', STALE: 'STALE', NACK: 'NACK', NOT_SENT: 'NOT SENT' };

export function ProxyTable({ proxies, total }: { proxies: readonly ProxyStatus[]; total: number }) {
  const [sorting, setSorting] = useSortState('-name');
  const [chosen, setChosen] = useQueryState('proxy', parseAsString);
  const selected = proxies.find(({ id }) => id === chosen);
  return (
    <>
      <Panel title="Proxies" isFlush>
        <DataTable
          label="Proxies"
          rows={proxies}
          columns={columnsWith((id) => void setChosen(id))}
          rowId={({ id }) => id}
          sorting={sorting}
          onSort={setSorting}
          selectedId={chosen}
          maxHeight="52dvh"
          empty={
            <Notice title={total === 0 ? 'No proxy is connected' : 'No proxy is in the chosen namespaces'}>
              {total === 0
                ? 'Proxies connect to the agent over xDS. Start one with “weft proxy”, or label a namespace istio-injection: enabled.'
                : 'Choose other namespaces in the top bar.'}
            </Notice>
          }
        />
      </Panel>
      {selected !== undefined && <ProxyDetail proxy={selected} onClose={() => void setChosen(null)} />}
    </>
  );
}

function columnsWith(choose: (id: string) => void): readonly ColumnDef<ProxyStatus>[] {
  return [
    {
      id: 'name',
      header: 'Proxy',
      accessorFn: ({ name, namespace }) => `${name}.${namespace}`,
      cell: ({ row }) => (
        <UnstyledButton fz={13} c="var(--w-accent)" onClick={() => choose(row.original.id)}>
          {row.original.name}
        </UnstyledButton>
      ),
    },
    { id: 'namespace', header: 'Namespace', accessorFn: ({ namespace }) => namespace },
    { id: 'type', header: 'Type', accessorFn: ({ type }) => type },
    { id: 'version', header: 'Data plane', accessorFn: ({ dataPlane, version }) => `${dataPlane} ${version}` },
    ...kinds.map(
      (kind): ColumnDef<ProxyStatus> => ({
        id: kind,
        header: kind.toUpperCase(),
        size: 64,
        accessorFn: ({ synced }) => badness[synced[kind]],
        cell: ({ row }) =>
          row.original.connected ? <State state={row.original.synced[kind]} /> : <span className={classes.small}>away</span>,
      }),
    ),
    {
      id: 'revision',
      header: 'ACKed revision',
      meta: { isNumber: true },
      accessorFn: ({ ackedRevision }) => ackedRevision ?? -1,
      cell: ({ row }) => row.original.ackedRevision ?? 'none',
    },
    {
      id: 'push',
      header: 'Last push',
      meta: { isNumber: true },
      accessorFn: ({ lastPushMs }) => lastPushMs ?? -1,
      cell: ({ row }) => formatMs(row.original.lastPushMs),
    },
    {
      id: 'certificate',
      header: 'Certificate',
      meta: { isNumber: true },
      accessorFn: ({ certificate }) => certificate?.notAfter ?? 0,
      cell: ({ row }) =>
        row.original.certificate === null ? 'none' : `${formatSpan(row.original.certificate.notAfter - Date.now())} left`,
    },
  ];
}

function State({ state }: { state: SyncState }) {
  const Icon = icons[state];
  // Only what needs attention takes room.
  const isQuiet = state === 'SYNCED' || state === 'NOT_SENT';
  return (
    <span className={classes.state} data-state={state}>
      <Icon size={15} {...(isQuiet ? { role: 'img', 'aria-label': words[state] } : { 'aria-hidden': true })} />
      {!isQuiet && words[state]}
    </span>
  );
}
