'use client';

import { CloseButton, UnstyledButton } from '@mantine/core';
import type { TopologyEdge, TopologyGraph, TopologyNode } from '@weft/agent/api/types';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { FindingTally } from '../../components/finding-tally.tsx';
import { HealthMark } from '../../components/health-mark.tsx';
import { Notice } from '../../components/notice.tsx';
import { count, formatRate } from '../../lib/format.ts';
import { compareHealth } from '../../lib/health.ts';
import { serviceHref } from '../../lib/links.ts';
import { useSharedQuery, withShared } from '../../lib/url-state.ts';
import { EdgePanel } from './edge-panel.tsx';
import { edgeValue } from './edge-value.ts';
import { RecentRequests, recordPeer } from './recent-requests.tsx';
import classes from './topology.module.css';
import type { Selection } from './topology-state.ts';
import { TrafficFigures } from './traffic-figures.tsx';

interface SidePanelProps {
  readonly graph: TopologyGraph;
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
}

/** What is selected, in figures; the troubled edges when nothing is. */
export function SidePanel({ graph, selection, onSelect }: SidePanelProps) {
  const node = selection?.kind === 'node' ? graph.nodes.find(({ id }) => id === selection.id) : undefined;
  const edge = selection?.kind === 'edge' ? graph.edges.find(({ id }) => id === selection.id) : undefined;
  const close = () => onSelect(null);
  return (
    <aside className={classes.panel} aria-label="Details">
      {node !== undefined && <NodePanel node={node} graph={graph} onSelect={onSelect} onClose={close} />}
      {edge !== undefined && <EdgePanel edge={edge} graph={graph} onSelect={onSelect} onClose={close} />}
      {selection !== null && node === undefined && edge === undefined && (
        <Notice
          title="The selected element is not in the graph now"
          actions={<UnstyledButton onClick={close}>Clear the selection</UnstyledButton>}
        >
          It had no traffic in the chosen time range, or its namespace is not shown.
        </Notice>
      )}
      {selection === null && <GraphSummary graph={graph} onSelect={onSelect} />}
    </aside>
  );
}

interface NodePanelProps {
  readonly node: TopologyNode;
  readonly graph: TopologyGraph;
  readonly onSelect: (selection: Selection) => void;
  readonly onClose: () => void;
}

function NodePanel({ node, graph, onSelect, onClose }: NodePanelProps) {
  const shared = useSharedQuery();
  const inbound = graph.edges.filter((edge) => edge.target === node.id);
  const outbound = graph.edges.filter((edge) => edge.source === node.id);
  return (
    <>
      <div className={classes.panelHead}>
        <div className={classes.panelTitle}>
          <h2 style={{ font: 'inherit' }}>{node.name}</h2>
          <div className={classes.sub}>
            {node.kind} in {node.namespace}
          </div>
        </div>
        <HealthMark health={node.health} withWord />
        <CloseButton size="sm" aria-label="Clear the selection" onClick={onClose} />
      </div>
      <dl className={classes.facts}>
        {node.version !== '' && <Fact name="Version">{node.version}</Fact>}
        <Fact name="mTLS">{node.mtls ?? 'no sidecar reports it'}</Fact>
        <Fact name="Sidecar">{node.hasSidecar ? 'yes' : 'missing: its traffic is neither measured nor protected'}</Fact>
        <Fact name="Findings">
          <FindingTally findings={node.findings} />
        </Fact>
        {node.services.length > 0 && (
          <Fact name="Services">
            {node.services.map((key) => (
              <div key={key}>
                <Link href={withShared(serviceHref(key), shared)}>{key.split('/')[1]}</Link>
              </div>
            ))}
          </Fact>
        )}
      </dl>
      <TrafficFigures title="Inbound" stats={node.inbound} emptyText="No request came in during the window." />
      <EdgeList title="Callers" edges={inbound} graph={graph} end="source" onSelect={onSelect} />
      <EdgeList title="Calls to" edges={outbound} graph={graph} end="target" onSelect={onSelect} />
      <RecentRequests source={null} destination={recordPeer(node)} />
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

interface EdgeListProps {
  readonly title: string;
  readonly edges: readonly TopologyEdge[];
  readonly graph: TopologyGraph;
  readonly end: 'source' | 'target' | 'both';
  readonly onSelect: (selection: Selection) => void;
}

function EdgeList({ title, edges, graph, end, onSelect }: EdgeListProps) {
  if (edges.length === 0) return null;
  const nameOf = (id: string) => graph.nodes.find((node) => node.id === id)?.name ?? id;
  const sorted = [...edges].sort((a, b) => compareHealth(a.health, b.health) || b.stats.requestRate - a.stats.requestRate);
  return (
    <section className={classes.section}>
      <h3>{title}</h3>
      <ul className={classes.list}>
        {sorted.map((edge) => (
          <li key={edge.id}>
            <UnstyledButton className={classes.row} fz={13} onClick={() => onSelect({ kind: 'edge', id: edge.id })}>
              <HealthMark health={edge.health} />
              <span className={classes.rowText}>
                {end === 'both' ? `${nameOf(edge.source)} → ${nameOf(edge.target)}` : nameOf(end === 'source' ? edge.source : edge.target)}
              </span>
              <span className="num">{edgeValue(edge, edge.health === 'healthy' || edge.health === 'idle' ? 'rate' : 'errors')}</span>
            </UnstyledButton>
          </li>
        ))}
      </ul>
    </section>
  );
}

function GraphSummary({ graph, onSelect }: { graph: TopologyGraph; onSelect: (selection: Selection) => void }) {
  const troubled = graph.edges.filter((edge) => edge.health === 'degraded' || edge.health === 'failure');
  const busiest = [...graph.edges]
    .filter((edge) => edge.stats.requestRate > 0)
    .sort((a, b) => b.stats.requestRate - a.stats.requestRate)
    .slice(0, 6);
  const entering = graph.edges.filter((edge) => graph.nodes.some((node) => node.id === edge.source && node.kind === 'gateway'));
  const entryRate = entering.reduce((sum, edge) => sum + edge.stats.requestRate, 0);
  return (
    <>
      <div className={classes.panelTitle}>
        <h2 style={{ font: 'inherit' }}>The mesh now</h2>
        <div className={classes.sub}>
          {count(graph.nodes.length, 'node')}, {count(graph.edges.length, 'edge')}, {formatRate(entryRate)} rps through the gateways
        </div>
      </div>
      {troubled.length > 0 ? (
        <EdgeList title="Needs attention" edges={troubled} graph={graph} end="both" onSelect={onSelect} />
      ) : (
        graph.edges.length > 0 && (
          <Notice tone="good" title="No edge has errors" isCompact>
            Nothing failed in the chosen time range.
          </Notice>
        )
      )}
      <EdgeList title="Busiest" edges={busiest} graph={graph} end="both" onSelect={onSelect} />
      <p className={classes.sub}>Select a node or an edge for its rates, codes, latencies and recent requests.</p>
    </>
  );
}
