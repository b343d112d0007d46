'use client';

import { IconAlertTriangleFilled, IconExclamationCircleFilled, IconLockFilled } from '@tabler/icons-react';
import type { TopologyEdge } from '@weft/agent/api/types';
import { BaseEdge, type Edge, EdgeLabelRenderer, type EdgeProps, Position } from '@xyflow/react';
import { curveBetween, pointOn, svgPath } from './edge-curve.ts';
import { edgeValue } from './edge-value.ts';
import classes from './graph.module.css';
import type { EdgeLabel } from './topology-state.ts';

export type GraphEdgeType = Edge<
  {
    readonly edge: TopologyEdge;
    readonly label: EdgeLabel;
    /** How far its curve is pushed aside, in pixels. */
    readonly bend: number;
    readonly isDimmed: boolean;
    readonly isMoving: boolean;
  },
  'mesh'
>;

export function GraphEdge(props: EdgeProps<GraphEdgeType>) {
  const { data, selected, sourceX, sourceY, targetX, targetY, sourcePosition } = props;
  if (data === undefined) return null;
  const { edge, label, bend, isDimmed, isMoving } = data;
  const direction = sourcePosition === Position.Right ? 'RIGHT' : 'DOWN';
  const curve = curveBetween({ x: sourceX, y: sourceY }, { x: targetX, y: targetY }, direction, bend);
  const path = svgPath(curve);
  // Nearer to the target, since edges that leave one node run together at first.
  const { x: labelX, y: labelY } = pointOn(curve, 0.6);
  const value = edgeValue(edge, label);
  const tone = edge.protocol === 'tcp' && edge.health === 'healthy' ? 'tcp' : edge.health;
  const rate = edge.protocol === 'tcp' ? edge.stats.connectionRate : edge.stats.requestRate;
  const isProtected = edge.mtlsPercent !== null && edge.mtlsPercent > 0;
  return (
    <g className={classes.edge} data-health={tone} data-dimmed={isDimmed} data-selected={selected}>
      <BaseEdge path={path} interactionWidth={18} style={{ strokeWidth: widthOf(rate) }} markerEnd="url(#weft-arrow)" />
      {isMoving && edge.health !== 'idle' && (
        <path d={path} className={classes.flow} style={{ animationDuration: `${flowSeconds(rate)}s` }} />
      )}
      <EdgeLabelRenderer>
        {(value !== null || isProtected) && (
          <div
            className={classes.label}
            data-health={tone}
            data-dimmed={isDimmed}
            data-selected={selected}
            style={{ transform: `translate(-50%, -50%) translate(${labelX}px, ${labelY}px)` }}
            aria-hidden="true"
          >
            {isProtected && <IconLockFilled size={10} />}
            {edge.health === 'failure' && <IconExclamationCircleFilled size={12} />}
            {edge.health === 'degraded' && <IconAlertTriangleFilled size={12} />}
            {value}
          </div>
        )}
      </EdgeLabelRenderer>
    </g>
  );
}

function widthOf(rate: number): number {
  return Math.min(4, 1.3 + Math.log10(1 + rate) * 0.9);
}

function flowSeconds(rate: number): number {
  return Math.max(0.5, 2.6 - Math.log10(1 + rate) * 0.8);
}

/** What a screen reader says of an edge. */
export function describeEdge(edge: TopologyEdge, sourceName: string, targetName: string): string {
  const mtls =
    edge.mtlsPercent === null ? 'mTLS unknown' : edge.mtlsPercent > 0 ? `mTLS ${Math.round(edge.mtlsPercent)} percent` : 'no mTLS';
  return `${sourceName} to ${targetName}, ${edge.protocol}, ${edgeValue(edge, 'rate') ?? ''}, errors ${edgeValue(edge, 'errors') ?? ''}, ${mtls}`;
}
