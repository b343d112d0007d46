'use client';

import { SegmentedControl, Table } from '@mantine/core';
import type { ServiceRank } from '@weft/agent/api/types';
import Link from 'next/link';
import { parseAsStringLiteral, useQueryState } from 'nuqs';
import { HealthMark } from '../../components/health-mark.tsx';
import { Notice } from '../../components/notice.tsx';
import { Panel } from '../../components/panel.tsx';
import { formatMs, formatPercent, formatRate } from '../../lib/format.ts';
import { serviceHref } from '../../lib/links.ts';
import { useSharedQuery, withShared } from '../../lib/url-state.ts';

const orders = ['errors', 'p95', 'rate'] as const;
const rankBy: Readonly<Record<(typeof orders)[number], (service: ServiceRank) => number>> = {
  errors: ({ stats }) => stats.errorPercent ?? -1,
  p95: ({ stats }) => stats.p95Ms ?? -1,
  rate: ({ stats }) => stats.requestRate,
};

export function TopServicesPanel({ services }: { services: readonly ServiceRank[] }) {
  const shared = useSharedQuery();
  const [order, setOrder] = useQueryState('top', parseAsStringLiteral(orders).withDefault('errors'));
  const value = rankBy[order];
  const shown = [...services].sort((a, b) => value(b) - value(a) || b.stats.requestRate - a.stats.requestRate).slice(0, 8);
  const control = (
    <SegmentedControl
      aria-label="Order the services by"
      value={order}
      onChange={(next) => void setOrder(next as (typeof orders)[number])}
      data={[
        { value: 'errors', label: 'Errors' },
        { value: 'p95', label: 'p95' },
        { value: 'rate', label: 'Throughput' },
      ]}
    />
  );
  return (
    <Panel title="Top services" actions={control} isFlush>
      {shown.length === 0 ? (
        <Notice title="No service to rank">Declare a Service, or choose other namespaces in the top bar.</Notice>
      ) : (
        <Table.ScrollContainer minWidth={420} type="native">
          <Table highlightOnHover verticalSpacing={5} horizontalSpacing={14} fz={13}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Service</Table.Th>
                <Table.Th ta="right">rps</Table.Th>
                <Table.Th ta="right">Errors</Table.Th>
                <Table.Th ta="right">p95</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {shown.map(({ key, name, namespace, health, stats }) => (
                <Table.Tr key={key}>
                  <Table.Td>
                    <HealthMark health={health} /> <Link href={withShared(serviceHref(key), shared)}>{name}</Link>{' '}
                    <span style={{ color: 'var(--w-dim)' }}>{namespace}</span>
                  </Table.Td>
                  <Table.Td ta="right" className="num">
                    {formatRate(stats.requestRate)}
                  </Table.Td>
                  <Table.Td ta="right" className="num">
                    {formatPercent(stats.errorPercent)}
                  </Table.Td>
                  <Table.Td ta="right" className="num">
                    {formatMs(stats.p95Ms)}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Panel>
  );
}
