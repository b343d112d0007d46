'use client';

import { TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import type { ServiceList } from '@weft/agent/api/types';
import { parseAsString, useQueryState } from 'nuqs';
import { DataTable } from '../../components/data-table.tsx';
import { Loadable } from '../../components/loadable.tsx';
import { Notice } from '../../components/notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useLiveData, useTrafficScope } from '../../lib/live.ts';
import { useSortState } from '../../lib/sort-state.ts';
import { useTRPCClient } from '../../lib/trpc.ts';
import { serviceColumns } from './service-columns.tsx';
import classes from './services.module.css';

export function ServicesPage() {
  const client = useTRPCClient();
  const scope = useTrafficScope();
  const [needle, setNeedle] = useQueryState('find', parseAsString.withDefault('').withOptions({ history: 'replace' }));
  const { data, error } = useLiveData({
    topic: { path: 'services.list', input: scope },
    read: () => client.services.list.query(scope),
  });
  return (
    <>
      <PageHeader title="Services">
        <TextInput
          aria-label="Find a service"
          placeholder="Find a service"
          w={240}
          leftSection={<IconSearch size={14} aria-hidden />}
          value={needle}
          onChange={(event) => void setNeedle(event.currentTarget.value || null)}
        />
      </PageHeader>
      <div className={classes.page}>
        <div className={classes.sheet}>
          <Loadable data={data} error={error} height={420} what="the services">
            {(list) => <ServiceTable list={list} needle={needle} />}
          </Loadable>
        </div>
      </div>
    </>
  );
}

function ServiceTable({ list, needle }: { list: ServiceList; needle: string }) {
  const [sorting, setSorting] = useSortState('health');
  const shown = list.services.filter((service) => service.hostname.includes(needle.trim()) || service.namespace.includes(needle.trim()));
  return (
    <DataTable
      label="Services"
      rows={shown}
      columns={serviceColumns}
      rowId={(service) => service.key}
      sorting={sorting}
      onSort={setSorting}
      maxHeight="calc(100dvh - 150px)"
      empty={<WhyEmpty list={list} needle={needle} />}
    />
  );
}

function WhyEmpty({ list, needle }: { list: ServiceList; needle: string }) {
  if (list.services.length > 0)
    return <Notice title={`No service contains “${needle}”`}>Clear the search to see all {list.services.length}.</Notice>;
  return (
    <Notice title={list.empty?.message ?? 'There is no service'}>
      {list.empty?.hint ?? 'Declare a Kubernetes Service or a ServiceEntry.'}
    </Notice>
  );
}
