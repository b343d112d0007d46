'use client';

import type { Overview } from '@weft/agent/api/types';
import { Loadable } from '../../components/loadable.tsx';
import { Notice } from '../../components/notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useLiveData, useTrafficScope } from '../../lib/live.ts';
import { useTRPCClient } from '../../lib/trpc.ts';
import { GoldenPanel } from './golden-panel.tsx';
import { ChangesPanel, FindingsPanel, RolloutsPanel } from './news-panels.tsx';
import classes from './overview.module.css';
import { CertificatesPanel, ProxiesPanel } from './proxies-panel.tsx';
import { TopServicesPanel } from './top-services-panel.tsx';
import { Totals } from './totals.tsx';

export function OverviewPage() {
  const client = useTRPCClient();
  const scope = useTrafficScope();
  const { data, error } = useLiveData({
    topic: { path: 'overview.read', input: scope },
    read: () => client.overview.read.query(scope),
  });
  return (
    <>
      <PageHeader title="Overview" />
      <div className={classes.page}>
        <Loadable data={data} error={error} height={700} what="the state of the mesh">
          {(overview) => <OverviewContent overview={overview} />}
        </Loadable>
      </div>
    </>
  );
}

function OverviewContent({ overview }: { overview: Overview }) {
  return (
    <>
      <Totals overview={overview} />
      {overview.empty !== null && (
        <Notice title={overview.empty.message} isCompact>
          {overview.empty.hint}
        </Notice>
      )}
      <GoldenPanel overview={overview} />
      <div className={classes.columns}>
        <TopServicesPanel services={overview.services} />
        <ChangesPanel changes={overview.changes} />
      </div>
      <div className={classes.thirds}>
        <RolloutsPanel rollouts={overview.rollouts} />
        <ProxiesPanel proxies={overview.proxies} />
        <div className={classes.stack}>
          <FindingsPanel findings={overview.findings} />
          <CertificatesPanel certificates={overview.certificates} />
        </div>
      </div>
    </>
  );
}
