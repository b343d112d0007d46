'use client';

import { Select, TextInput, UnstyledButton } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import type { ColumnDef, SortingState } from '@tanstack/react-table';
import type { ResourceList, ResourceSummary } from '@weft/agent/api/config-types';
import { useMemo, useState } from 'react';
import { DataTable } from '../../components/data-table.tsx';
import { FindingTally } from '../../components/finding-tally.tsx';
import { KindBadge } from '../../components/kind-badge.tsx';
import { Notice } from '../../components/notice.tsx';
import classes from './configuration.module.css';
import { useConfigurationState } from './configuration-state.ts';

export function ResourceTable({ list }: { list: ResourceList }) {
  const [state, setState] = useConfigurationState();
  const [sorting, setSorting] = useState<SortingState>([{ id: 'name', desc: false }]);
  const kinds = useMemo(() => [...new Set(list.resources.map(({ kind }) => kind))].sort(), [list.resources]);
  const needle = state.find.trim().toLowerCase();
  const shown = useMemo(
    () =>
      list.resources.filter(
        (resource) =>
          (state.kind === null || resource.kind === state.kind) &&
          `${resource.kind} ${resource.namespace}/${resource.name}`.toLowerCase().includes(needle),
      ),
    [list.resources, state.kind, needle],
  );
  const columns = useMemo(() => columnsWith((id) => void setState({ resource: id, line: null, applied: null })), [setState]);
  return (
    <div className={classes.list}>
      <div className={classes.filters}>
        <TextInput
          aria-label="Find a resource"
          placeholder={`Find in ${list.resources.length}`}
          leftSection={<IconSearch size={14} aria-hidden />}
          value={state.find}
          onChange={(event) => void setState({ find: event.currentTarget.value || null })}
        />
        <Select
          aria-label="Kind"
          placeholder="Every kind"
          clearable
          data={kinds}
          value={state.kind}
          onChange={(kind) => void setState({ kind })}
          comboboxProps={{ width: 220, position: 'bottom-end' }}
        />
      </div>
      <div className={classes.rows}>
        <DataTable
          label="Resources"
          rows={shown}
          columns={columns}
          rowId={({ id }) => id}
          sorting={sorting}
          onSort={setSorting}
          selectedId={state.resource}
          maxHeight="100%"
          isFixed
          empty={<WhyEmpty list={list} />}
        />
      </div>
    </div>
  );
}

function WhyEmpty({ list }: { list: ResourceList }) {
  if (list.resources.length > 0)
    return <Notice title="No resource fits the search">Clear the search or the kind to see all {list.resources.length}.</Notice>;
  return (
    <Notice title={list.empty?.message ?? 'There is no resource'}>
      {list.empty?.hint ?? 'Put YAML files into the configuration directory, or create a resource here.'}
    </Notice>
  );
}

function columnsWith(choose: (id: string) => void): readonly ColumnDef<ResourceSummary>[] {
  return [
    {
      id: 'name',
      header: 'Resource',
      accessorFn: ({ group, kind, name }) => `${groupRank(group)} ${kind} ${name}`,
      cell: ({ row: { original } }) => (
        <UnstyledButton className={classes.name} onClick={() => choose(original.id)}>
          <KindBadge kind={original.kind} />
          <span>
            {original.name} <span className={classes.dim}>{original.namespace}</span>
          </span>
        </UnstyledButton>
      ),
    },
    {
      id: 'findings',
      header: 'Findings',
      size: 92,
      accessorFn: ({ findings }) => findings.errors * 1e6 + findings.warnings * 1e3 + findings.infos,
      cell: ({ row }) => <FindingTally findings={row.original.findings} />,
    },
  ];
}

/** What shapes traffic comes before the workloads it shapes. */
function groupRank(group: string): number {
  if (group.endsWith('istio.io')) return 0;
  return group.endsWith('k8s.io') ? 1 : 2;
}
