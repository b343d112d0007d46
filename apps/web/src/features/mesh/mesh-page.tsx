'use client';

import { SegmentedControl } from '@mantine/core';
import type { MeshStatus } from '@weft/agent/api/types';
import { parseAsStringLiteral, useQueryState } from 'nuqs';
import { Loadable } from '../../components/loadable.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useAgentState } from '../../lib/agent-state.ts';
import { useLiveData } from '../../lib/live.ts';
import { useTRPCClient } from '../../lib/trpc.ts';
import { useNamespaces } from '../../lib/url-state.ts';
import { CertificateTable } from './certificate-table.tsx';
import { ControlPlane } from './control-plane.tsx';
import classes from './mesh.module.css';
import { ProxyTable } from './proxy-table.tsx';
import { SettingsInEffect } from './settings-in-effect.tsx';

const views = ['proxies', 'certificates', 'settings'] as const;

export function MeshPage() {
  const client = useTRPCClient();
  const { status } = useAgentState();
  const { data, error } = useLiveData({
    topic: { path: 'mesh.status' },
    read: () => client.mesh.status.query(),
  });
  const [view, setView] = useQueryState('view', parseAsStringLiteral(views).withDefault('proxies'));
  return (
    <>
      <PageHeader title="Mesh">
        <SegmentedControl
          aria-label="Show"
          value={view}
          onChange={(next) => void setView(next as (typeof views)[number])}
          data={[
            { value: 'proxies', label: 'Proxies' },
            { value: 'certificates', label: 'Certificates' },
            { value: 'settings', label: 'Settings' },
          ]}
        />
      </PageHeader>
      <div className={classes.page}>
        <Loadable data={status ?? data} error={error} height={600} what="the state of the control plane">
          {(current) => <MeshContent status={current} view={view} />}
        </Loadable>
      </div>
    </>
  );
}

function MeshContent({ status, view }: { status: MeshStatus; view: (typeof views)[number] }) {
  const [namespaces] = useNamespaces();
  const shown = namespaces.length === 0 ? status.proxies : status.proxies.filter((proxy) => namespaces.includes(proxy.namespace));
  return (
    <>
      <ControlPlane status={status} />
      {view === 'proxies' && <ProxyTable proxies={shown} total={status.proxies.length} />}
      {view === 'certificates' && <CertificateTable proxies={shown} authority={status.authority} />}
      {view === 'settings' && <SettingsInEffect settings={status.settings} />}
    </>
  );
}
