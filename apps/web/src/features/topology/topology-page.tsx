'use client';

import type { TopologyGraph } from '@weft/agent/api/types';
import dynamic from 'next/dynamic';
import { useRouter } from 'next/navigation';
import { useCallback, useMemo } from 'react';
import { Loadable } from '../../components/loadable.tsx';
import { Notice } from '../../components/notice.tsx';
import { serviceHref } from '../../lib/links.ts';
import { useLiveData, useTrafficScope } from '../../lib/live.ts';
import { useTRPCClient } from '../../lib/trpc.ts';
import { useSharedQuery, withShared } from '../../lib/url-state.ts';
import { isIdle } from './edge-value.ts';
import { GraphTable } from './graph-table.tsx';
import { SidePanel } from './side-panel.tsx';
import { GraphToolbar } from './toolbar.tsx';
import classes from './topology.module.css';
import { parseSelection, type Selection, useTopologyState } from './topology-state.ts';

const GraphCanvas = dynamic(() => import('./graph-canvas.tsx').then((module) => module.GraphCanvas), {
  ssr: false,
  loading: () => <div className={classes.loading} role="status" aria-label="Loading the graph" />,
});

export function TopologyPage() {
  const client = useTRPCClient();
  const scope = useTrafficScope();
  const [state] = useTopologyState();
  const query = { ...scope, graphType: state.graph };
  const { data, error } = useLiveData({
    topic: { path: 'topology.read', input: query },
    read: () => client.topology.read.query(query),
  });
  return (
    <div className={classes.page}>
      <h1 className={classes.title}>Topology</h1>
      <GraphToolbar graph={data} />
      <div className={classes.body}>
        <Loadable data={data} error={error} height={500} what="the graph">
          {(graph) => <Graph graph={graph} />}
        </Loadable>
      </div>
    </div>
  );
}

function Graph({ graph }: { graph: TopologyGraph }) {
  const [state, setState] = useTopologyState();
  const router = useRouter();
  const shared = useSharedQuery();
  const selection = useMemo(() => parseSelection(state.select), [state.select]);
  const select = useCallback((next: Selection) => void setState({ select: next === null ? null : `${next.kind}:${next.id}` }), [setState]);
  const shown = useMemo(() => (state.idle ? graph : withoutIdle(graph)), [graph, state.idle]);
  const open = useCallback(
    (node: TopologyGraph['nodes'][number]) => {
      const key = node.services[0];
      if (key !== undefined) router.push(withShared(serviceHref(key), shared));
    },
    [router, shared],
  );
  return (
    <>
      <div className={classes.stage}>
        {shown.nodes.length === 0 ? (
          <Notice title={graph.empty?.message ?? 'Nothing to show'}>
            {graph.empty?.hint ?? 'Everything is idle, and idle elements are hidden. Show them in the toolbar.'}
          </Notice>
        ) : state.view === 'table' ? (
          <GraphTable graph={shown} selection={selection} onSelect={select} />
        ) : (
          <GraphCanvas
            graph={shown}
            selection={selection}
            label={state.labels}
            isMoving={state.motion}
            showsBoxes={state.boxes}
            onSelect={select}
            onOpen={open}
          />
        )}
        {shown.nodes.length > 0 && graph.empty !== null && (
          <div className={classes.hint}>
            <Notice title={graph.empty.message} isCompact>
              {graph.empty.hint}
            </Notice>
          </div>
        )}
      </div>
      <SidePanel graph={graph} selection={selection} onSelect={select} />
    </>
  );
}

function withoutIdle(graph: TopologyGraph): TopologyGraph {
  const edges = graph.edges.filter((edge) => !isIdle(edge));
  const busy = new Set(edges.flatMap((edge) => [edge.source, edge.target]));
  return { ...graph, edges, nodes: graph.nodes.filter((node) => busy.has(node.id)) };
}
