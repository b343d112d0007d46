'use client';

import { CloseButton, Progress, UnstyledButton } from '@mantine/core';
import type { CodeShare, TopologyEdge, TopologyGraph } from '@weft/agent/api/types';
import { HealthMark } from '../../components/health-mark.tsx';
import { formatPercent, formatRate } from '../../lib/format.ts';
import { codeTone } from './code-tone.ts';
import { RecentRequests, recordPeer } from './recent-requests.tsx';
import classes from './topology.module.css';
import type { Selection } from './topology-state.ts';
import { TrafficFigures } from './traffic-figures.tsx';

interface EdgePanelProps {
  readonly edge: TopologyEdge;
  readonly graph: TopologyGraph;
  readonly onSelect: (selection: Selection) => void;
  readonly onClose: () => void;
}

export function EdgePanel({ edge, graph, onSelect, onClose }: EdgePanelProps) {
  const source = graph.nodes.find((node) => node.id === edge.source);
  const target = graph.nodes.find((node) => node.id === edge.target);
  return (
    <>
      <div className={classes.panelHead}>
        <div className={classes.panelTitle}>
          <h2 style={{ font: 'inherit' }}>
            <UnstyledButton style={{ font: 'inherit' }} onClick={() => onSelect({ kind: 'node', id: edge.source })}>
              {source?.name ?? edge.source}
            </UnstyledButton>{' '}
            →{' '}
            <UnstyledButton style={{ font: 'inherit' }} onClick={() => onSelect({ kind: 'node', id: edge.target })}>
              {target?.name ?? edge.target}
            </UnstyledButton>
          </h2>
          <div className={classes.sub}>{edge.protocol.toUpperCase()}</div>
        </div>
        <HealthMark health={edge.health} withWord />
        <CloseButton size="sm" aria-label="Clear the selection" onClick={onClose} />
      </div>
      <TrafficFigures title="Traffic" stats={edge.stats} emptyText="No request went over this edge during the window." />
      {edge.codes.length > 0 && <Codes codes={edge.codes} />}
      <section className={classes.section}>
        <h3>Mutual TLS</h3>
        <dl className={classes.facts}>
          <dt>Share</dt>
          <dd>{edge.mtlsPercent === null ? 'no receiving proxy reported it' : formatPercent(edge.mtlsPercent)}</dd>
          <dt>Caller</dt>
          <dd className="mono">{edge.sourcePrincipal ?? 'not authenticated'}</dd>
          <dt>Callee</dt>
          <dd className="mono">{edge.destinationPrincipal ?? 'not authenticated'}</dd>
        </dl>
      </section>
      {source !== undefined && target !== undefined && <RecentRequests source={recordPeer(source)} destination={recordPeer(target)} />}
    </>
  );
}

function Codes({ codes }: { codes: readonly CodeShare[] }) {
  return (
    <section className={classes.section}>
      <h3>Response codes</h3>
      <ul className={classes.list}>
        {codes.map((share) => (
          <li key={`${share.code} ${share.flags}`} className={classes.row}>
            <span className={classes.code} data-tone={codeTone(share.code)} style={{ width: 62 }}>
              {share.code} {share.flags === '-' ? '' : share.flags}
            </span>
            <Progress
              value={share.percent}
              size="sm"
              style={{ flex: 1 }}
              color={{ good: 'teal', warn: 'yellow', bad: 'red' }[codeTone(share.code)]}
              aria-label={`Share of ${share.code}`}
            />
            <span className="num">{formatPercent(share.percent)}</span>
            <span className={`${classes.sub} num`}>{formatRate(share.rate)} rps</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
