'use client';

import type { MeshStatus } from '@weft/agent/api/types';
import type { ReactNode } from 'react';
import { Notice } from '../../components/notice.tsx';
import { formatMs, formatSpan } from '../../lib/format.ts';
import classes from './mesh.module.css';

export function ControlPlane({ status }: { status: MeshStatus }) {
  const { agent, push, proxies, gateway } = status;
  const connected = proxies.filter((proxy) => proxy.connected).length;
  return (
    <>
      <dl className={classes.facts} aria-label="Control plane">
        <Fact name="Agent" note={`up ${formatSpan(Date.now() - agent.startedAt)}`}>
          {agent.ready ? 'Ready' : 'Starting'} {agent.version}
        </Fact>
        <Fact name="Revision">{agent.revision}</Fact>
        <Fact name="Proxies connected">
          {connected} of {proxies.length}
        </Fact>
        <Fact name="Push to last ACK" note={pushNote(push)}>
          {push.count === 0 ? 'none yet' : `p50 ${formatMs(push.p50Ms)}`}
        </Fact>
        <Fact name="Gateway">{gateway.http ?? gateway.https ?? 'none'}</Fact>
        <Fact name="Configuration">
          <span className="mono">{agent.directory}</span>
        </Fact>
      </dl>
      {agent.readOnlyReason !== null && (
        <Notice tone="problem" title="Nothing can be written" isCompact>
          {agent.readOnlyReason}
        </Notice>
      )}
      {agent.problems.map((problem) => (
        <Notice
          key={`${problem.file}:${problem.line}`}
          tone="problem"
          title={`${problem.file}:${problem.line}:${problem.column}`}
          isCompact
        >
          {problem.message} The last good content stays in force.
        </Notice>
      ))}
    </>
  );
}

function pushNote({ p99Ms, count }: MeshStatus['push']): string {
  if (count === 0) return 'no change was pushed';
  return `p99 ${formatMs(p99Ms)}, ${count} ${count === 1 ? 'push' : 'pushes'}`;
}

function Fact({ name, note, children }: { name: string; note?: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children} {note !== undefined && <span className={classes.small}>{note}</span>}
      </dd>
    </div>
  );
}
