'use client';

import '@xyflow/react/dist/style.css';
import { useComputedColorScheme } from '@mantine/core';
import type { TopologyEdge, TopologyGraph, TopologyNode } from '@weft/agent/api/types';
import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  Controls,
  getViewportForBounds,
  type Node,
  type NodeChange,
  type NodeTypes,
  ReactFlow,
  type ReactFlowInstance,
} from '@xyflow/react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import classes from './graph.module.css';
import { describeEdge, GraphEdge, type GraphEdgeType } from './graph-edge.tsx';
import { describeNode, GraphNode, type GraphNodeType } from './graph-node.tsx';
import { type Layout, useLayout } from './layout.ts';
import type { EdgeLabel, Selection } from './topology-state.ts';

interface GraphCanvasProps {
  readonly graph: TopologyGraph;
  readonly selection: Selection;
  readonly label: EdgeLabel;
  readonly isMoving: boolean;
  readonly showsBoxes: boolean;
  readonly onSelect: (selection: Selection) => void;
  readonly onOpen: (node: TopologyNode) => void;
}

type BoxNodeType = Node<{ readonly name: string; readonly isShown: boolean }, 'box'>;
type CanvasNode = GraphNodeType | BoxNodeType;

const nodeTypes: NodeTypes = { mesh: GraphNode, box: NamespaceBox };
const edgeTypes = { mesh: GraphEdge };

/** The live graph. Data comes and goes with every refresh; positions stay. */
export function GraphCanvas(props: GraphCanvasProps) {
  const { graph, onSelect, onOpen } = props;
  const scheme = useComputedColorScheme('light');
  const stage = useRef<HTMLDivElement>(null);
  const layout = useLayout(graph, () => (stage.current?.clientWidth ?? 4) / (stage.current?.clientHeight ?? 3));
  const [hovered, setHovered] = useState<string | null>(null);
  const [isFar, setFar] = useState(false);
  const flow = useRef<ReactFlowInstance<CanvasNode, GraphEdgeType> | null>(null);
  const [nodes, setNodes] = useState<CanvasNode[]>([]);
  const neighbours = useMemo(() => neighboursOf(graph, hovered), [graph, hovered]);

  useEffect(() => {
    if (layout === null) return;
    setNodes((previous) => placeNodes({ ...props, layout, neighbours, previous }));
  }, [layout, neighbours, props]);

  const fittedLayout = useRef<Layout | null>(null);
  useEffect(() => {
    if (layout === null || nodes.length === 0 || fittedLayout.current === layout) return;
    fittedLayout.current = layout;
    if (stage.current === null) return;
    const { clientWidth, clientHeight } = stage.current;
    void flow.current?.setViewport(getViewportForBounds(boundsOf(layout), clientWidth, clientHeight, 0.1, 1.25, 0.05));
  }, [layout, nodes]);

  const edges = useMemo(() => placeEdges({ ...props, layout, neighbours, nodes }), [props, layout, neighbours, nodes]);
  const change = useCallback(
    (changes: NodeChange<CanvasNode>[]) =>
      setNodes((previous) =>
        applyNodeChanges(
          changes.filter(({ type }) => type !== 'select'),
          previous,
        ),
      ),
    [],
  );

  return (
    <ReactFlow
      ref={stage}
      className={classes.canvas ?? ''}
      data-far={isFar}
      colorMode={scheme}
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      edgeTypes={edgeTypes}
      onInit={(instance) => {
        flow.current = instance;
      }}
      onNodesChange={change}
      onEdgesChange={(changes) => {
        const chosen = changes.find((each) => each.type === 'select' && each.selected);
        if (chosen !== undefined && 'id' in chosen) onSelect({ kind: 'edge', id: chosen.id });
      }}
      onNodeClick={(_, node) => node.type === 'mesh' && onSelect({ kind: 'node', id: node.id })}
      onNodeDoubleClick={(_, node) => node.type === 'mesh' && onOpen(node.data.node)}
      onEdgeClick={(_, edge) => onSelect({ kind: 'edge', id: edge.id })}
      onPaneClick={() => onSelect(null)}
      onNodeMouseEnter={(_, node) => setHovered(node.type === 'mesh' ? node.id : null)}
      onNodeMouseLeave={() => setHovered(null)}
      onMove={(_, viewport) => setFar(viewport.zoom < 0.45)}
      minZoom={0.1}
      maxZoom={2.5}
      nodesConnectable={false}
      deleteKeyCode={null}
      selectionKeyCode={null}
      multiSelectionKeyCode={null}
      onlyRenderVisibleElements={graph.nodes.length > 120}
      proOptions={{ hideAttribution: true }}
      aria-label="Topology of the mesh"
      zoomOnDoubleClick={false}
    >
      <ArrowHead />
      <Background variant={BackgroundVariant.Dots} gap={20} size={1} color="var(--w-border-strong)" />
      <Controls showInteractive={false} position="bottom-left" aria-label="Zoom" />
    </ReactFlow>
  );
}

function NamespaceBox({ data }: { data: BoxNodeType['data'] }) {
  if (!data.isShown) return null;
  return (
    <div className={classes.box}>
      <div className={classes.boxName}>{data.name}</div>
    </div>
  );
}

function ArrowHead() {
  return (
    <svg width="0" height="0" style={{ position: 'absolute' }} aria-hidden="true">
      <defs>
        <marker
          id="weft-arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 0.5 8 4 0 7.500z" className={classes.marker} />
        </marker>
      </defs>
    </svg>
  );
}

/** Ids of a hovered node, its edges and their other ends; null when nothing is hovered. */
function neighboursOf(graph: TopologyGraph, hovered: string | null): ReadonlySet<string> | null {
  if (hovered === null) return null;
  const ids = new Set([hovered]);
  for (const edge of graph.edges) {
    if (edge.source !== hovered && edge.target !== hovered) continue;
    ids.add(edge.id).add(edge.source).add(edge.target);
  }
  return ids;
}

/** The rectangle around all boxes. */
function boundsOf(layout: Layout) {
  const boxes = [...layout.boxByNamespace.values()];
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return {
    x,
    y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
  };
}

interface Placing extends GraphCanvasProps {
  readonly layout: Layout;
  readonly neighbours: ReadonlySet<string> | null;
  readonly previous: readonly CanvasNode[];
}

function placeNodes({ graph, layout, neighbours, previous, selection, showsBoxes }: Placing): CanvasNode[] {
  const previousById = new Map(previous.map((node) => [node.id, node]));
  const kept = (id: string, position: { x: number; y: number }) => {
    const before = previousById.get(id);
    const isMoved = before?.dragging === true || before?.position.x !== position.x || before.position.y !== position.y;
    return {
      ...(before?.measured === undefined ? {} : { measured: before.measured }),
      position: before !== undefined && isMoved && layoutOf(before) === layout ? before.position : position,
    };
  };
  const boxes: BoxNodeType[] = [...layout.boxByNamespace].map(([name, box]) => ({
    id: `namespace ${name}`,
    type: 'box',
    data: { name, isShown: showsBoxes, layout },
    ...kept(`namespace ${name}`, { x: box.x, y: box.y }),
    width: box.width,
    height: box.height,
    focusable: false,
    selectable: false,
    draggable: showsBoxes,
    ariaRole: 'group',
    ariaLabel: `Namespace ${name}`,
    zIndex: -1,
  }));
  const nodes: GraphNodeType[] = graph.nodes.flatMap((node) => {
    const box = layout.boxByNode.get(node.id);
    if (box === undefined) return [];
    return [
      {
        id: node.id,
        type: 'mesh' as const,
        parentId: `namespace ${node.namespace}`,
        data: {
          node,
          direction: layout.direction,
          isDimmed: neighbours !== null && !neighbours.has(node.id),
          showsVersion: graph.graphType !== 'service',
          layout,
        },
        ...kept(node.id, { x: box.x, y: box.y }),
        width: box.width,
        height: box.height,
        selected: selection?.kind === 'node' && selection.id === node.id,
        ariaLabel: describeNode(node),
        ariaRole: 'button' as const,
      },
    ];
  });
  return [...boxes, ...nodes];
}

function layoutOf(node: CanvasNode): unknown {
  return 'layout' in node.data ? node.data.layout : undefined;
}

interface EdgePlacing extends GraphCanvasProps {
  readonly layout: Layout | null;
  readonly neighbours: ReadonlySet<string> | null;
  readonly nodes: readonly CanvasNode[];
}

function placeEdges({ graph, selection, label, isMoving, layout, neighbours, nodes }: EdgePlacing): GraphEdgeType[] {
  const moved = movedNodes(layout, nodes);
  const nameById = new Map(graph.nodes.map((node) => [node.id, node.name]));
  return graph.edges.map((edge: TopologyEdge) => ({
    id: edge.id,
    source: edge.source,
    target: edge.target,
    type: 'mesh',
    data: {
      edge,
      label,
      isMoving,
      bend: moved.has(edge.source) || moved.has(edge.target) ? 0 : (layout?.bendByEdge.get(edge.id) ?? 0),
      isDimmed: neighbours !== null && !neighbours.has(edge.id),
    },
    selected: selection?.kind === 'edge' && selection.id === edge.id,
    ariaLabel: describeEdge(edge, nameById.get(edge.source) ?? edge.source, nameById.get(edge.target) ?? edge.target),
    ariaRole: 'button',
  }));
}

/** Nodes that somebody dragged, or that stand in a box that was dragged. */
function movedNodes(layout: Layout | null, nodes: readonly CanvasNode[]): ReadonlySet<string> {
  const isMoved = (node: CanvasNode): boolean => {
    const box = node.type === 'box' ? layout?.boxByNamespace.get(node.data.name) : layout?.boxByNode.get(node.id);
    return box !== undefined && (node.position.x !== box.x || node.position.y !== box.y);
  };
  const moved = new Set(nodes.filter(isMoved).map(({ id }) => id));
  for (const { id, parentId } of nodes) if (parentId !== undefined && moved.has(parentId)) moved.add(id);
  return moved;
}
