'use client';

import { useQuery } from '@tanstack/react-query';
import type { ColumnDef } from '@tanstack/react-table';
import type { EffectiveMtls } from '@weft/agent/api/config-types';
import { DataTable } from '../../components/data-table.tsx';
import { Loadable } from '../../components/loadable.tsx';
import { MtlsMark } from '../../components/mtls-mark.tsx';
import { Notice } from '../../components/notice.tsx';
import { SharedLink } from '../../components/shared-link.tsx';
import { formatPercent } from '../../lib/format.ts';
import { partsOfResourceId, resourceHref } from '../../lib/links.ts';
import { useTrafficScope } from '../../lib/live.ts';
import { useSortState } from '../../lib/sort-state.ts';
import { useTRPC } from '../../lib/trpc.ts';
import { useRefresh } from '../../lib/url-state.ts';
import classes from './security.module.css';

/** The mode in force per workload, who set it, and what the traffic really does. */
export function MtlsTable() {
  const trpc = useTRPC();
  const scope = useTrafficScope();
  const [refresh] = useRefresh();
  const [sorting, setSorting] = useSortState('-workload');
  const { data, error } = useQuery({
    ...trpc.security.effectiveMtls.queryOptions(scope),
    refetchInterval: refresh === 'paused' ? false : 5000,
  });
  return (
    <div className={classes.sheet} style={{ maxHeight: '100%' }}>
      <Loadable data={data} error={error} height={400} what="the effective mTLS modes">
        {(rows) => (
          <DataTable
            label="Effective mTLS"
            rows={rows}
            columns={columns}
            rowId={({ workload, namespace }) => `${namespace}/${workload}`}
            sorting={sorting}
            onSort={setSorting}
            maxHeight="calc(100dvh - 150px)"
            empty={
              <Notice title="No workload to show">
                Workloads appear when a WorkloadEntry or Pod is known. Check the namespaces chosen in the top bar.
              </Notice>
            }
          />
        )}
      </Loadable>
    </div>
  );
}

const levelWords = { default: 'nothing sets it', mesh: 'the whole mesh', namespace: 'the namespace', workload: 'this workload' } as const;

const columns: readonly ColumnDef<EffectiveMtls>[] = [
  { id: 'workload', header: 'Workload', accessorFn: ({ workload }) => workload },
  { id: 'namespace', header: 'Namespace', accessorFn: ({ namespace }) => namespace },
  { id: 'mode', header: 'Mode', accessorFn: ({ mode }) => mode, cell: ({ row }) => <MtlsMark mode={row.original.mode} /> },
  {
    id: 'ports',
    header: 'Ports that differ',
    accessorFn: ({ ports }) => ports.map(({ port, mode }) => `${port} ${mode}`).join(', '),
    cell: ({ row }) =>
      row.original.ports.length === 0 ? 'none' : row.original.ports.map(({ port, mode }) => `${port} ${mode}`).join(', '),
  },
  {
    id: 'origin',
    header: 'Set by',
    accessorFn: ({ origin }) => origin ?? '',
    cell: ({ row: { original } }) => (original.origin === null ? 'the default' : <Origin id={original.origin} />),
  },
  { id: 'level', header: 'For', accessorFn: ({ level }) => levelWords[level] },
  {
    id: 'observed',
    header: 'Observed mTLS',
    meta: { isNumber: true },
    accessorFn: ({ observedPercent }) => observedPercent ?? -1,
    cell: ({ row }) => (row.original.observedPercent === null ? 'no traffic' : formatPercent(row.original.observedPercent)),
  },
];

function Origin({ id }: { id: string }) {
  const { namespace, name } = partsOfResourceId(id);
  return <SharedLink href={resourceHref(id)}>{`${namespace}/${name}`}</SharedLink>;
}
