'use client';

import type { ServiceDetail } from '@weft/agent/api/types';
import { FindingList } from '../../components/finding-list.tsx';
import { GoldenCharts } from '../../components/golden-charts.tsx';
import { HealthMark } from '../../components/health-mark.tsx';
import { Loadable } from '../../components/loadable.tsx';
import { MtlsMark } from '../../components/mtls-mark.tsx';
import { Notice } from '../../components/notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { Panel } from '../../components/panel.tsx';
import { SharedLink } from '../../components/shared-link.tsx';
import { useLiveData, useTrafficScope } from '../../lib/live.ts';
import { useTRPCClient } from '../../lib/trpc.ts';
import { AppliedResources } from './applied-resources.tsx';
import { BreakdownTable, CodeTable, EndpointTable } from './breakdowns.tsx';
import classes from './services.module.css';
import { VersionCharts } from './version-charts.tsx';

export function ServicePage({ serviceKey }: { serviceKey: string }) {
  const client = useTRPCClient();
  const query = { ...useTrafficScope(), key: serviceKey };
  const { data, error } = useLiveData({
    topic: { path: 'services.detail', input: query },
    read: () => client.services.detail.query(query),
  });
  const name = serviceKey.split('/')[1]?.split('.')[0] ?? serviceKey;
  return (
    <>
      <PageHeader
        title={
          <>
            {name} {data !== undefined && <HealthMark health={data.service.health} withWord />}
          </>
        }
        lead={data === undefined ? serviceKey : <ServiceFacts detail={data} />}
      >
        <SharedLink href="/services">All services</SharedLink>
      </PageHeader>
      <div className={classes.page}>
        <Loadable data={data} error={error} height={700} what={`the service ${name}`}>
          {(detail) => <ServiceContent detail={detail} />}
        </Loadable>
      </div>
    </>
  );
}

function ServiceFacts({ detail }: { detail: ServiceDetail }) {
  const { service } = detail;
  return (
    <dl className={classes.facts}>
      <div>
        <dt>Host</dt>
        <dd className="mono">{service.hostname}</dd>
      </div>
      <div>
        <dt>Ports</dt>
        <dd>{service.ports.map((port) => `${port.number} ${port.protocol}`).join(', ')}</dd>
      </div>
      <div>
        <dt>Endpoints</dt>
        <dd>
          {service.endpoints.healthy} of {service.endpoints.total} healthy
        </dd>
      </div>
      <div>
        <dt>mTLS</dt>
        <dd>
          <MtlsMark mode={service.mtls} />
        </dd>
      </div>
    </dl>
  );
}

function ServiceContent({ detail }: { detail: ServiceDetail }) {
  return (
    <>
      {detail.empty !== null && (
        <Notice title={detail.empty.message} isCompact>
          {detail.empty.hint}
        </Notice>
      )}
      <Panel title="Golden signals">
        <div className={classes.charts}>
          <GoldenCharts
            series={detail.series}
            markers={detail.markers}
            at={detail.at}
            windowSeconds={detail.windowSeconds}
            group="service"
          />
        </div>
      </Panel>
      {detail.seriesByVersion.length > 1 && <VersionCharts detail={detail} />}
      <div className={classes.columns}>
        <Panel title="Callers" isFlush>
          <BreakdownTable rows={detail.bySource} head="Caller" empty="Nobody called the service in the chosen time range." />
        </Panel>
        <Panel title="Served by" isFlush>
          <BreakdownTable rows={detail.byDestination} head="Workload" empty="No workload served a request in the chosen time range." />
        </Panel>
        <Panel title="Versions" isFlush>
          <BreakdownTable
            rows={detail.byVersion}
            head="Version"
            empty="No version received a request. Workloads are told apart by their version label."
          />
        </Panel>
        <Panel title="Response codes" isFlush>
          <CodeTable codes={detail.byCode} />
        </Panel>
        <Panel title="Routing" isFlush>
          <AppliedResources
            resources={detail.routing}
            empty="No VirtualService or DestinationRule applies: requests spread evenly over all endpoints."
          />
        </Panel>
        <Panel title="Policies" isFlush>
          <AppliedResources resources={detail.policies} empty="No policy applies: everybody may call, with or without mTLS." />
        </Panel>
      </div>
      <Panel title="Endpoints" isFlush>
        <EndpointTable endpoints={detail.endpoints} />
      </Panel>
      <Panel title="Findings" isFlush>
        <FindingList findings={detail.findings} empty="The analyzers have nothing to say about this service's configuration." />
      </Panel>
    </>
  );
}
