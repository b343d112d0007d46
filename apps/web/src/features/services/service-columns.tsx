'use client';

import type { ColumnDef } from '@tanstack/react-table';
import type { ServiceSummary } from '@weft/agent/api/types';
import { FindingTally } from '../../components/finding-tally.tsx';
import { HealthMark } from '../../components/health-mark.tsx';
import { MtlsMark } from '../../components/mtls-mark.tsx';
import { SharedLink } from '../../components/shared-link.tsx';
import { formatMs, formatPercent, formatRate } from '../../lib/format.ts';
import { healthRank } from '../../lib/health.ts';
import { serviceHref } from '../../lib/links.ts';

const number = { isNumber: true };

export const serviceColumns: readonly ColumnDef<ServiceSummary>[] = [
  {
    id: 'health',
    header: 'Health',
    size: 84,
    accessorFn: ({ health, stats }) => healthRank(health) * 1e9 + stats.requestRate,
    cell: ({ row }) => <HealthMark health={row.original.health} />,
  },
  {
    id: 'name',
    header: 'Service',
    accessorFn: ({ name }) => name,
    cell: ({ row }) => <SharedLink href={serviceHref(row.original.key)}>{row.original.name}</SharedLink>,
  },
  { id: 'namespace', header: 'Namespace', accessorFn: ({ namespace }) => namespace },
  {
    id: 'rate',
    header: 'rps',
    meta: number,
    accessorFn: ({ stats }) => stats.requestRate,
    cell: ({ row }) => formatRate(row.original.stats.requestRate),
  },
  {
    id: 'errors',
    header: 'Errors',
    meta: number,
    accessorFn: ({ stats }) => stats.errorPercent ?? -1,
    cell: ({ row }) => formatPercent(row.original.stats.errorPercent),
  },
  {
    id: 'p50',
    header: 'p50',
    meta: number,
    accessorFn: ({ stats }) => stats.p50Ms ?? -1,
    cell: ({ row }) => formatMs(row.original.stats.p50Ms),
  },
  {
    id: 'p95',
    header: 'p95',
    meta: number,
    accessorFn: ({ stats }) => stats.p95Ms ?? -1,
    cell: ({ row }) => formatMs(row.original.stats.p95Ms),
  },
  {
    id: 'p99',
    header: 'p99',
    meta: number,
    accessorFn: ({ stats }) => stats.p99Ms ?? -1,
    cell: ({ row }) => formatMs(row.original.stats.p99Ms),
  },
  { id: 'versions', header: 'Versions', accessorFn: ({ versions }) => versions.join(', ') },
  {
    id: 'endpoints',
    header: 'Endpoints',
    meta: number,
    accessorFn: ({ endpoints }) => endpoints.total,
    cell: ({ row }) => `${row.original.endpoints.healthy} of ${row.original.endpoints.total}`,
  },
  {
    id: 'mtls',
    header: 'mTLS',
    accessorFn: ({ mtls }) => mtls ?? '',
    cell: ({ row }) => <MtlsMark mode={row.original.mtls} />,
  },
  {
    id: 'findings',
    header: 'Findings',
    accessorFn: ({ findings }) => findings.errors * 1e6 + findings.warnings * 1e3 + findings.infos,
    cell: ({ row }) => <FindingTally findings={row.original.findings} />,
  },
];
