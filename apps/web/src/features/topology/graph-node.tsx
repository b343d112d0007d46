'use client';

import { IconAlertTriangleFilled, IconExclamationCircleFilled, IconWorld } from '@tabler/icons-react';
import type { MtlsMode, TopologyNode } from '@weft/agent/api/types';
import { Handle, type Node, type NodeProps, Position, useUpdateNodeInternals } from '@xyflow/react';
import { type ReactNode, useEffect } from 'react';
import { badges, mtlsBadges } from './badges.ts';
import classes from './graph.module.css';

export type GraphNodeType = Node<
  { readonly node: TopologyNode; readonly direction: 'RIGHT' | 'DOWN'; readonly isDimmed: boolean; readonly showsVersion: boolean },
  'mesh'
>;

export function GraphNode({ id, data, selected }: NodeProps<GraphNodeType>) {
  const { node, direction, isDimmed, showsVersion } = data;
  const updateNodeInternals = useUpdateNodeInternals();
  // The graph library measures handles once; they move when traffic runs another way.
  useEffect(() => {
    if (direction !== undefined) updateNodeInternals(id);
  }, [id, direction, updateNodeInternals]);
  return (
    <div className={classes.node} data-health={node.health} data-dimmed={isDimmed} data-selected={selected}>
      <div className={classes.shape}>
        <Handle
          type="target"
          position={direction === 'RIGHT' ? Position.Left : Position.Top}
          isConnectable={false}
          className={classes.handle}
        />
        <Shape kind={node.kind} />
        {node.kind === 'gateway' && <IconWorld size={18} stroke={1.6} className={classes.inner} aria-hidden />}
        {node.kind !== 'gateway' && showsVersion && node.version.length <= 4 && <span className={classes.inside}>{node.version}</span>}
        {node.health === 'failure' && <IconExclamationCircleFilled size={16} className={classes.alarm} aria-hidden />}
        {node.health === 'degraded' && <IconAlertTriangleFilled size={16} className={classes.alarm} aria-hidden />}
        {direction === 'RIGHT' && <Handle type="source" position={Position.Right} isConnectable={false} className={classes.handle} />}
      </div>{' '}
      <div className={classes.name}>{node.name}</div>{' '}
      <div className={classes.badges}>
        {node.badges
          .filter((badge) => badge !== 'gateway')
          .map((badge) => {
            const { icon: Icon, claim } = badges[badge];
            return (
              <span key={badge} title={claim} data-badge={badge}>
                <Icon size={12} stroke={1.9} aria-hidden />
              </span>
            );
          })}
        {node.mtls !== null && <MtlsLock mode={node.mtls} />}
      </div>
      {direction === 'DOWN' && <Handle type="source" position={Position.Bottom} isConnectable={false} className={classes.handle} />}
    </div>
  );
}

function MtlsLock({ mode }: { mode: MtlsMode }) {
  const { icon: Icon, claim } = mtlsBadges[mode];
  return (
    <span title={claim} data-mtls={mode}>
      <Icon size={12} aria-hidden />
    </span>
  );
}

/** Workload circle, app square, service diamond, service entry trapezoid, gateway hexagon with a globe. */
export function Shape({ kind, size = 40 }: { kind: TopologyNode['kind']; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 40 40" aria-hidden="true" className={classes.outline}>
      {shapes[kind]}
    </svg>
  );
}

const shapes: Readonly<Record<TopologyNode['kind'], ReactNode>> = {
  workload: <circle cx="20" cy="20" r="17" />,
  app: <rect x="4" y="4" width="32" height="32" rx="5" />,
  service: <path d="M20 2.500 37.500 20 20 37.500 2.500 20z" strokeLinejoin="round" />,
  serviceEntry: <path d="M10 6h20l7 28H3z" strokeLinejoin="round" />,
  gateway: <path d="M11 4h18l9 16-9 16H11L2 20z" strokeLinejoin="round" />,
  unknown: <circle cx="20" cy="20" r="17" strokeDasharray="4 4" />,
};

/** What a screen reader says of a node. */
export function describeNode(node: TopologyNode): string {
  return [
    `${node.version} ${node.name}`.trim(),
    `${node.kind} in ${node.namespace}`,
    healthWords[node.health],
    node.mtls === null ? '' : `mTLS ${node.mtls}`,
    ...node.badges.map((badge) => badges[badge].claim),
  ]
    .filter((part) => part !== '')
    .join(', ');
}

const healthWords = { healthy: 'healthy', degraded: 'degraded', failure: 'failing', idle: 'no traffic' } as const;
