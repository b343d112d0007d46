'use client';

import { Table, UnstyledButton } from '@mantine/core';
import type { TopologyGraph } from '@weft/agent/api/types';
import { HealthMark } from '../../components/health-mark.tsx';
import { formatBytesPerSecond, formatMs, formatPercent, formatRate } from '../../lib/format.ts';
import { compareHealth } from '../../lib/health.ts';
import classes from './topology.module.css';
import type { Selection } from './topology-state.ts';

interface GraphTableProps {
  readonly graph: TopologyGraph;
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
}

/** The graph as a table of its edges, worst first: the same facts for keyboards and screen readers. */
export function GraphTable({ graph, selection, onSelect }: GraphTableProps) {
  const nodeById = new Map(graph.nodes.map((node) => [node.id, node]));
  const name = (id: string) => {
    const node = nodeById.get(id);
    return node === undefined ? id : `${node.name}${node.version === '' || node.name.endsWith(node.version) ? '' : ` ${node.version}`}`;
  };
  const edges = [...graph.edges].sort((a, b) => compareHealth(a.health, b.health) || b.stats.requestRate - a.stats.requestRate);
  return (
    <div className={classes.tableWrap}>
      <Table.ScrollContainer minWidth={640} type="native">
        <Table highlightOnHover verticalSpacing={5} horizontalSpacing={12} fz={13} stickyHeader aria-label="Edges of the graph">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>From</Table.Th>
              <Table.Th>To</Table.Th>
              <Table.Th>Protocol</Table.Th>
              <Table.Th ta="right">rps</Table.Th>
              <Table.Th ta="right">Errors</Table.Th>
              <Table.Th ta="right">p95</Table.Th>
              <Table.Th ta="right">Throughput</Table.Th>
              <Table.Th ta="right">mTLS</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {edges.map((edge) => (
              <Table.Tr key={edge.id} bg={selection?.id === edge.id ? 'var(--w-accent-soft)' : undefined}>
                <Table.Td>
                  <UnstyledButton
                    fz={13}
                    onClick={() => onSelect({ kind: 'edge', id: edge.id })}
                    aria-label={`Select ${name(edge.source)} to ${name(edge.target)}`}
                  >
                    <HealthMark health={edge.health} /> {name(edge.source)}
                  </UnstyledButton>
                </Table.Td>
                <Table.Td>
                  <UnstyledButton fz={13} onClick={() => onSelect({ kind: 'node', id: edge.target })}>
                    {name(edge.target)}
                  </UnstyledButton>
                </Table.Td>
                <Table.Td>{edge.protocol}</Table.Td>
                <Table.Td ta="right" className="num">
                  {edge.protocol === 'tcp' ? '–' : formatRate(edge.stats.requestRate)}
                </Table.Td>
                <Table.Td ta="right" className="num">
                  {formatPercent(edge.stats.errorPercent)}
                </Table.Td>
                <Table.Td ta="right" className="num">
                  {formatMs(edge.stats.p95Ms)}
                </Table.Td>
                <Table.Td ta="right" className="num">
                  {formatBytesPerSecond(edge.stats.sentBytesRate + edge.stats.receivedBytesRate)}
                </Table.Td>
                <Table.Td ta="right" className="num">
                  {formatPercent(edge.mtlsPercent)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </div>
  );
}
