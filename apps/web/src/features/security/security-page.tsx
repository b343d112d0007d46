'use client';

import { Button, SegmentedControl } from '@mantine/core';
import { IconShieldPlus } from '@tabler/icons-react';
import { Loadable } from '../../components/loadable.tsx';
import { Notice } from '../../components/notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useLiveData, useTrafficScope } from '../../lib/live.ts';
import { useTRPCClient } from '../../lib/trpc.ts';
import { MtlsTable } from './mtls-table.tsx';
import { NewPolicy } from './new-policy.tsx';
import { PolicyEditor } from './policy-editor.tsx';
import { PolicyList } from './policy-list.tsx';
import classes from './security.module.css';
import { type SecurityView, useSecurityState } from './security-state.ts';

export function SecurityPage() {
  const [state, setState] = useSecurityState();
  return (
    <div className={classes.frame}>
      <PageHeader title="Security">
        <SegmentedControl
          aria-label="Show"
          value={state.view}
          onChange={(view) => void setState({ view: view as SecurityView, policy: null, applied: null })}
          data={[
            { value: 'policies', label: 'Policies' },
            { value: 'mtls', label: 'Effective mTLS' },
          ]}
        />
        <Button
          leftSection={<IconShieldPlus size={15} aria-hidden />}
          onClick={() => void setState({ view: 'policies', policy: 'new', mode: 'visual', applied: null })}
        >
          New policy
        </Button>
      </PageHeader>
      <div className={classes.page}>{state.view === 'mtls' ? <MtlsTable /> : <Policies />}</div>
    </div>
  );
}

function Policies() {
  const client = useTRPCClient();
  const scope = useTrafficScope();
  const [{ policy }] = useSecurityState();
  const { data, error } = useLiveData({
    topic: { path: 'security.policies', input: scope },
    read: () => client.security.policies.query(scope),
  });
  return (
    <div className={classes.split}>
      <div className={classes.sheet}>
        <Loadable data={data} error={error} height={400} what="the policies">
          {(policies) => <PolicyList policies={policies} />}
        </Loadable>
      </div>
      {policy === null && (
        <div className={classes.sheet}>
          <Notice title="Choose a policy, or draw a new one">
            The editor shows which recorded requests a draft would newly deny or allow. Nothing changes before you apply.
          </Notice>
        </div>
      )}
      {policy === 'new' && <NewPolicy />}
      {policy !== null && policy !== 'new' && <PolicyEditor key={policy} id={policy} />}
    </div>
  );
}
