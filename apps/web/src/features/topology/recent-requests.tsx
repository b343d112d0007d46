'use client';

import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TopologyNode, TrafficPage, TrafficRecord } from '@weft/agent/api/types';
import Link from 'next/link';
import { useState } from 'react';
import { Loadable } from '../../components/loadable.tsx';
import { formatClock, formatMs } from '../../lib/format.ts';
import { partsOfResourceId, policyHref } from '../../lib/links.ts';
import { useTRPC } from '../../lib/trpc.ts';
import { useRefresh, useSharedQuery, withShared } from '../../lib/url-state.ts';
import { codeTone } from './code-tone.ts';
import classes from './topology.module.css';

interface RecentRequestsProps {
  /** `namespace/workload`, or null for any. */
  readonly source: string | null;
  readonly destination: string | null;
}

/** How traffic records name a node: its only workload, or its app. */
export function recordPeer(node: TopologyNode): string {
  const [only] = node.workloads;
  if (node.workloads.length === 1 && only !== undefined) return only;
  return `${node.namespace}/${node.app === '' ? node.name : node.app}`;
}

/** The last requests, with the policy and rule that refused them where one did. */
export function RecentRequests({ source, destination }: RecentRequestsProps) {
  const trpc = useTRPC();
  const [refresh] = useRefresh();
  const [isRefusedOnly, setRefusedOnly] = useState(false);
  const input = { source, destination, refusedOnly: isRefusedOnly, limit: 80 };
  const { data, error } = useQuery({ ...trpc.requests.recent.queryOptions(input), refetchInterval: refresh === 'paused' ? false : 2000 });
  return (
    <section className={classes.section} aria-label="Recent requests">
      <div style={{ display: 'flex', alignItems: 'center', justifyContent: 'space-between', marginBottom: 4 }}>
        <h3>Recent requests</h3>
        <SegmentedControl
          aria-label="Which requests"
          value={isRefusedOnly ? 'refused' : 'all'}
          onChange={(value) => setRefusedOnly(value === 'refused')}
          data={[
            { value: 'all', label: 'All' },
            { value: 'refused', label: 'Refused' },
          ]}
        />
      </div>
      <Loadable data={data} error={error} height={160} what="recent requests">
        {(page) => <RequestList page={page} isRefusedOnly={isRefusedOnly} />}
      </Loadable>
    </section>
  );
}

function RequestList({ page, isRefusedOnly }: { page: TrafficPage; isRefusedOnly: boolean }) {
  if (page.records.length === 0) {
    return (
      <div className={classes.sub}>
        {isRefusedOnly ? 'No request was refused by a policy.' : (page.empty?.message ?? 'No request was recorded.')}{' '}
        {isRefusedOnly ? '' : page.empty?.hint}
      </div>
    );
  }
  return (
    <ul className={classes.list}>
      {oncePerRequest(page.records).map((record) => (
        <RequestRow key={record.id} record={record} />
      ))}
    </ul>
  );
}

/** Both proxies of a request report it; the receiving one knows the policy that refused it. */
function oncePerRequest(records: readonly TrafficRecord[]): readonly TrafficRecord[] {
  const received = new Set(records.filter(({ reporter }) => reporter === 'destination').map(({ requestId }) => requestId));
  return records
    .filter(({ reporter, requestId }) => reporter === 'destination' || requestId === '' || !received.has(requestId))
    .slice(0, 40);
}

function RequestRow({ record }: { record: TrafficRecord }) {
  const code = record.code === 0 ? '-' : String(record.code);
  return (
    <li className={classes.request}>
      <div className={classes.requestLine}>
        <span className={classes.sub}>{formatClock(record.at)}</span>
        <span className={classes.code} data-tone={record.protocol === 'tcp' ? 'good' : codeTone(code)}>
          {record.protocol === 'tcp' ? 'TCP' : code}
        </span>
        <span className={classes.requestPath} title={`${record.method} ${record.path}`}>
          {record.protocol === 'tcp' ? record.upstreamHost : `${record.method} ${record.path}`}
        </span>
        <span>{formatMs(record.durationMs)}</span>
      </div>
      <Reason record={record} />
    </li>
  );
}

function Reason({ record }: { record: TrafficRecord }) {
  const shared = useSharedQuery();
  const { refusedBy } = record;
  if (refusedBy !== null) {
    if (refusedBy.policy === null) return <div className={classes.reason}>Refused: no rule of an ALLOW policy matched.</div>;
    const { namespace, name } = partsOfResourceId(refusedBy.policy);
    return (
      <div className={classes.reason}>
        Refused by <Link href={withShared(policyHref(refusedBy.policy), shared)}>{`${namespace}/${name}`}</Link>
        {refusedBy.rule !== null && `, rule ${refusedBy.rule}`}
      </div>
    );
  }
  if (record.flags.length === 0) return null;
  return <div className={classes.reason}>{`${record.flags.join(',')}: ${record.details}`}</div>;
}
