'use client';

import type { ColumnDef } from '@tanstack/react-table';
import type { MeshStatus, ProxyStatus } from '@weft/agent/api/types';
import { DataTable } from '../../components/data-table.tsx';
import { Notice } from '../../components/notice.tsx';
import { Panel } from '../../components/panel.tsx';
import { formatDateTime, formatSpan } from '../../lib/format.ts';
import { useSortState } from '../../lib/sort-state.ts';
import classes from './mesh.module.css';

interface CertificateTableProps {
  readonly proxies: readonly ProxyStatus[];
  readonly authority: MeshStatus['authority'];
}

export function CertificateTable({ proxies, authority }: CertificateTableProps) {
  const [sorting, setSorting] = useSortState('-expires');
  return (
    <>
      <Panel title="Authority">
        {authority === null ? (
          <div className={classes.small}>This agent issues no certificates: workloads get theirs elsewhere.</div>
        ) : (
          <dl className={classes.detail}>
            <dt>Trust domain</dt>
            <dd className="mono">{authority.trustDomain}</dd>
            <dt>Root valid to</dt>
            <dd>
              {formatDateTime(authority.notAfter)}, in {formatSpan(authority.notAfter - Date.now())}
            </dd>
            <dt>Fingerprint</dt>
            <dd className="mono">{authority.fingerprint}</dd>
          </dl>
        )}
      </Panel>
      <Panel title="Workload certificates" isFlush>
        <DataTable
          label="Workload certificates"
          rows={proxies.filter(({ certificate }) => certificate !== null)}
          columns={columns}
          rowId={({ id }) => id}
          sorting={sorting}
          onSort={setSorting}
          maxHeight="52dvh"
          empty={<Notice title="No certificate was issued yet">Proxies ask for theirs when they connect to the agent.</Notice>}
        />
      </Panel>
    </>
  );
}

const columns: readonly ColumnDef<ProxyStatus>[] = [
  { id: 'name', header: 'Proxy', accessorFn: ({ name, namespace }) => `${name}.${namespace}` },
  {
    id: 'identity',
    header: 'Identity',
    accessorFn: ({ certificate }) => certificate?.spiffeId ?? '',
    cell: ({ row }) => <span className="mono">{row.original.certificate?.spiffeId}</span>,
  },
  {
    id: 'issued',
    header: 'Issued',
    accessorFn: ({ certificate }) => certificate?.notBefore ?? 0,
    cell: ({ row }) => formatDateTime(row.original.certificate?.notBefore ?? 0),
  },
  {
    id: 'expires',
    header: 'Expires',
    accessorFn: ({ certificate }) => certificate?.notAfter ?? 0,
    cell: ({ row }) =>
      `${formatDateTime(row.original.certificate?.notAfter ?? 0)}, in ${formatSpan((row.original.certificate?.notAfter ?? 0) - Date.now())}`,
  },
  {
    id: 'serial',
    header: 'Serial',
    accessorFn: ({ certificate }) => certificate?.serial ?? '',
    cell: ({ row }) => <span className="mono">{row.original.certificate?.serial}</span>,
  },
];
