'use client';

import { Button, SegmentedControl } from '@mantine/core';
import { IconFilePlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ResourceList } from '@weft/agent/api/config-types';
import { FindingList } from '../../components/finding-list.tsx';
import { Loadable } from '../../components/loadable.tsx';
import { Notice } from '../../components/notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useTRPC } from '../../lib/trpc.ts';
import { useNamespaces, useRefresh } from '../../lib/url-state.ts';
import classes from './configuration.module.css';
import { type ConfigurationView, useConfigurationState } from './configuration-state.ts';
import { History } from './history.tsx';
import { NewResource } from './new-resource.tsx';
import { ResourceEditor } from './resource-editor.tsx';
import { ResourceTable } from './resource-table.tsx';

export function ConfigurationPage() {
  const trpc = useTRPC();
  const [namespaces] = useNamespaces();
  const [refresh] = useRefresh();
  const [state, setState] = useConfigurationState();
  const { data, error } = useQuery({
    ...trpc.config.list.queryOptions({ namespaces }),
    refetchInterval: refresh === 'paused' ? false : 5000,
  });
  return (
    <div className={classes.frame}>
      <PageHeader title="Configuration">
        <SegmentedControl
          aria-label="Show"
          value={state.view}
          onChange={(view) => void setState({ view: view as ConfigurationView, resource: null, revision: null, against: null })}
          data={[
            { value: 'resources', label: 'Resources' },
            { value: 'findings', label: data === undefined ? 'Findings' : `Findings ${data.findings.length}` },
            { value: 'history', label: 'History' },
          ]}
        />
        <Button
          leftSection={<IconFilePlus size={15} aria-hidden />}
          onClick={() => void setState({ view: 'resources', resource: 'new', applied: null })}
        >
          New resource
        </Button>
      </PageHeader>
      <div className={classes.page}>
        {state.view === 'history' ? (
          <History />
        ) : (
          <Loadable data={data} error={error} height={500} what="the resources">
            {(list) => (state.view === 'findings' ? <Findings list={list} /> : <Resources list={list} />)}
          </Loadable>
        )}
      </div>
    </div>
  );
}

function Resources({ list }: { list: ResourceList }) {
  const [{ resource }] = useConfigurationState();
  return (
    <div className={classes.split}>
      <ResourceTable list={list} />
      {resource === null && (
        <div className={classes.sheet}>
          <Notice title="Choose a resource to read or edit it">
            Drafts are analysed against the whole mesh while you type. Nothing changes before you apply.
          </Notice>
        </div>
      )}
      {resource === 'new' && <NewResource />}
      {resource !== null && resource !== 'new' && <ResourceEditor key={resource} id={resource} />}
    </div>
  );
}

function Findings({ list }: { list: ResourceList }) {
  return (
    <div className={classes.sheet}>
      {list.findings.length === 0 ? (
        <Notice tone="good" title="No findings">
          No analyzer has anything to say about the {list.resources.length} resources shown.
        </Notice>
      ) : (
        <FindingList findings={list.findings} empty="" />
      )}
    </div>
  );
}
