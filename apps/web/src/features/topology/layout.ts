'use client';

import type { TopologyGraph } from '@weft/agent/api/types';
import ELK, { type ElkExtendedEdge, type ElkNode } from 'elkjs/lib/elk-api.js';
import { useEffect, useRef, useState } from 'react';
import { type Box, bendAround, type Direction, type Point } from './edge-curve.ts';

const nodeHeight = 84;

/** Wide enough for the name at 12.5 px, within limits. */
function widthOf(name: string): number {
  return Math.min(150, Math.max(72, Math.round(name.length * 7.2) + 6));
}

/** The shape of a node, which edges lead to; the name stands below. */
const shapeSize = 40;
/** Above this many nodes every edge is direct: looking for what is in its way would take too long. */
const maxNodesToAvoid = 300;

/** Where everything stands: nodes relative to their namespace's box. */
export interface Layout {
  readonly boxByNamespace: ReadonlyMap<string, Box>;
  readonly boxByNode: ReadonlyMap<string, Box>;
  /** How far edges are pushed aside so that they do not run behind a node; direct ones are left out. */
  readonly bendByEdge: ReadonlyMap<string, number>;
  /** Which way traffic runs. */
  readonly direction: Direction;
}

/** Boxes need the spacing again: it is not inherited. */
const spacing = {
  'elk.layered.spacing.nodeNodeBetweenLayers': '74',
  'elk.spacing.nodeNode': '34',
  'elk.spacing.edgeNode': '24',
};

const rootOptions = {
  ...spacing,
  'elk.algorithm': 'layered',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.spacing.componentComponent': '48',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.nodePlacement.bk.fixedAlignment': 'BALANCED',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.crossingMinimization.semiInteractive': 'true',
};

/** Without an edge there is no order to show, only little space to use. */
const packedOptions = { 'elk.algorithm': 'rectpacking', 'elk.aspectRatio': '1.5', 'elk.spacing.nodeNode': '24' };

/**
 * Lays the graph out in a worker. Nothing moves while the set of nodes and edges stays: an edge that falls silent keeps its place, and only new
 * nodes or edges ask for a new layout.
 */
export function useLayout(graph: TopologyGraph | undefined, aspect: () => number): Layout | null {
  const elk = useRef<InstanceType<typeof ELK> | null>(null);
  const seenEdges = useRef(new Map<string, readonly [string, string]>());
  const [layout, setLayout] = useState<Layout | null>(null);
  const shape = graph === undefined ? '' : shapeOf(graph, seenEdges.current);
  const latest = useRef(graph);
  latest.current = graph;
  const aspectOf = useRef(aspect);
  aspectOf.current = aspect;

  useEffect(() => {
    elk.current = new ELK({ workerFactory: () => new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' }) });
    return () => {
      elk.current?.terminateWorker();
      elk.current = null;
    };
  }, []);

  useEffect(() => {
    if (shape === '' || latest.current === undefined) return undefined;
    let isCurrent = true;
    if (elk.current !== null) {
      void bestLayout(elk.current, elkGraph(latest.current, seenEdges.current), aspectOf.current()).then((best) => {
        if (isCurrent) setLayout(best);
      });
    }
    return () => {
      isCurrent = false;
    };
  }, [shape]);

  return layout;
}

/** Traffic runs right or down, whichever fills the space better; large graphs always run right. */
async function bestLayout(elk: InstanceType<typeof ELK>, graph: ElkNode, aspect: number): Promise<Layout> {
  const isLarge = (graph.children ?? []).reduce((sum, group) => sum + (group.children?.length ?? 0), 0) > 80;
  const directions: readonly Direction[] = isLarge ? ['RIGHT'] : ['RIGHT', 'DOWN'];
  let best: { readonly layout: Layout; readonly scale: number } | null = null;
  for (const direction of directions) {
    const root = await elk.layout(structuredClone({ ...graph, layoutOptions: { ...graph.layoutOptions, 'elk.direction': direction } }));
    const scale = Math.min(aspect / (root.width ?? 1), 1 / (root.height ?? 1));
    if (best === null || scale > best.scale) best = { layout: readLayout(root, direction), scale };
  }
  return best?.layout ?? { boxByNamespace: new Map(), boxByNode: new Map(), bendByEdge: new Map(), direction: 'RIGHT' };
}

/** A text that changes only when the layout has to. Remembers the edges that were there once. */
function shapeOf(graph: TopologyGraph, seenEdges: Map<string, readonly [string, string]>): string {
  for (const edge of graph.edges) seenEdges.set(edge.id, [edge.source, edge.target]);
  const ids = new Set(graph.nodes.map((node) => node.id));
  const edges = [...seenEdges].filter(([, [source, target]]) => ids.has(source) && ids.has(target)).map(([id]) => id);
  return [...[...ids].sort(), '|', ...edges.sort()].join('\n');
}

function elkGraph(graph: TopologyGraph, seenEdges: ReadonlyMap<string, readonly [string, string]>): ElkNode {
  const nodes = [...graph.nodes].sort((a, b) => a.id.localeCompare(b.id));
  const ids = new Set(nodes.map((node) => node.id));
  const namespaces = [...new Set(nodes.map((node) => node.namespace))].sort();
  const hasEdges = seenEdges.size > 0;
  return {
    id: 'root',
    layoutOptions: hasEdges ? rootOptions : packedOptions,
    children: namespaces.map((namespace) => ({
      id: `namespace ${namespace}`,
      layoutOptions: { ...(hasEdges ? spacing : packedOptions), 'elk.padding': '[top=38,left=12,bottom=14,right=12]' },
      children: nodes
        .filter((node) => node.namespace === namespace)
        .map((node) => ({ id: node.id, width: widthOf(node.name), height: nodeHeight })),
    })),
    edges: [...seenEdges]
      .filter(([, [source, target]]) => ids.has(source) && ids.has(target) && source !== target)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([id, [source, target]]) => ({ id, sources: [source], targets: [target] })),
  };
}

function readLayout(root: ElkNode, direction: Direction): Layout {
  const boxByNamespace = new Map<string, Box>();
  const boxByNode = new Map<string, Box>();
  const placeByNode = new Map<string, Box>();
  for (const group of root.children ?? []) {
    const outer = boxOf(group);
    boxByNamespace.set(group.id.slice('namespace '.length), outer);
    for (const node of group.children ?? []) {
      const box = boxOf(node);
      boxByNode.set(node.id, box);
      placeByNode.set(node.id, { ...box, x: outer.x + box.x, y: outer.y + box.y });
    }
  }
  return { boxByNamespace, boxByNode, bendByEdge: bendsOf(root.edges ?? [], placeByNode, direction), direction };
}

function bendsOf(edges: readonly ElkExtendedEdge[], placeByNode: ReadonlyMap<string, Box>, direction: Direction): Map<string, number> {
  const bendByEdge = new Map<string, number>();
  if (placeByNode.size > maxNodesToAvoid) return bendByEdge;
  for (const { id, sources, targets } of edges) {
    const [source, target] = [placeByNode.get(sources[0] ?? ''), placeByNode.get(targets[0] ?? '')];
    if (source === undefined || target === undefined) continue;
    const others = [...placeByNode.values()].filter((place) => place !== source && place !== target);
    const bend = bendAround(handleOf(source, direction, 'source'), handleOf(target, direction, 'target'), direction, others);
    if (bend !== 0) bendByEdge.set(id, bend);
  }
  return bendByEdge;
}

/** Where edges leave or reach a node. */
function handleOf({ x, y, width, height }: Box, direction: Direction, end: 'source' | 'target'): Point {
  const middle = x + width / 2;
  if (direction === 'DOWN') return { x: middle, y: end === 'source' ? y + height : y };
  return { x: middle + (end === 'source' ? shapeSize / 2 : -shapeSize / 2), y: y + shapeSize / 2 };
}

function boxOf({ x = 0, y = 0, width = 0, height = 0 }: ElkNode): Box {
  return { x, y, width, height };
}
