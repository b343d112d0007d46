'use client';

import { Progress, Table } from '@mantine/core';
import type { BreakdownRow, CodeShare, EndpointStatus } from '@weft/agent/api/types';
import { formatMs, formatPercent, formatRate } from '../../lib/format.ts';
import classes from './services.module.css';

const spacing = { verticalSpacing: 5, horizontalSpacing: 14, fz: 13 } as const;

export function BreakdownTable({ rows, head, empty }: { rows: readonly BreakdownRow[]; head: string; empty: string }) {
  if (rows.length === 0) return <Empty text={empty} />;
  return (
    <Table.ScrollContainer minWidth={380} type="native">
      <Table {...spacing}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{head}</Table.Th>
            <Table.Th ta="right">Share</Table.Th>
            <Table.Th ta="right">rps</Table.Th>
            <Table.Th ta="right">Errors</Table.Th>
            <Table.Th ta="right">p95</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={`${row.namespace}/${row.key}`}>
              <Table.Td>
                {row.key} <span className={classes.dim}>{row.namespace}</span>
              </Table.Td>
              <Table.Td ta="right" className="num">
                {formatPercent(row.percent)}
              </Table.Td>
              <Table.Td ta="right" className="num">
                {formatRate(row.stats.requestRate)}
              </Table.Td>
              <Table.Td ta="right" className="num">
                {formatPercent(row.stats.errorPercent)}
              </Table.Td>
              <Table.Td ta="right" className="num">
                {formatMs(row.stats.p95Ms)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

export function CodeTable({ codes }: { codes: readonly CodeShare[] }) {
  if (codes.length === 0) return <Empty text="No response was sent in the chosen time range." />;
  return (
    <ul className={classes.lines}>
      {codes.map((share) => (
        <li key={`${share.code} ${share.flags}`}>
          <span className="num" style={{ width: 84, fontWeight: 600 }}>
            {share.code} {share.flags === '-' ? '' : share.flags}
          </span>
          <Progress
            value={share.percent}
            size="sm"
            className={classes.grow}
            aria-label={`Share of ${share.code}`}
            color={/^[23]/.test(share.code) ? 'teal' : 'red'}
          />
          <span className="num">{formatPercent(share.percent)}</span>
          <span className={`${classes.dim} num`}>{formatRate(share.rate)} rps</span>
        </li>
      ))}
    </ul>
  );
}

export function EndpointTable({ endpoints }: { endpoints: readonly EndpointStatus[] }) {
  if (endpoints.length === 0)
    return <Empty text="No workload matches the service's selector. Check its labels and the pods' or WorkloadEntries' labels." />;
  return (
    <Table.ScrollContainer minWidth={620} type="native">
      <Table {...spacing}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Workload</Table.Th>
            <Table.Th>Address</Table.Th>
            <Table.Th>Version</Table.Th>
            <Table.Th>Service account</Table.Th>
            <Table.Th>Health</Table.Th>
            <Table.Th ta="right">Weight</Table.Th>
            <Table.Th>mTLS</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {endpoints.map((endpoint) => (
            <Table.Tr key={`${endpoint.address}:${endpoint.port} ${endpoint.workload}`}>
              <Table.Td>{endpoint.workload}</Table.Td>
              <Table.Td className="mono">
                {endpoint.address}:{endpoint.port}
              </Table.Td>
              <Table.Td>{endpoint.version === '' ? 'no label' : endpoint.version}</Table.Td>
              <Table.Td>{endpoint.serviceAccount}</Table.Td>
              <Table.Td>{endpoint.health}</Table.Td>
              <Table.Td ta="right" className="num">
                {endpoint.weight}
              </Table.Td>
              <Table.Td>{endpoint.mtls ? 'yes' : 'no'}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Empty({ text }: { text: string }) {
  return <div style={{ padding: '12px 14px', color: 'var(--w-dim)' }}>{text}</div>;
}
