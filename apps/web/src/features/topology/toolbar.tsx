'use client';

import { Button, Checkbox, Popover, SegmentedControl, Select, Stack } from '@mantine/core';
import { IconAdjustmentsHorizontal, IconHelpSquareRounded } from '@tabler/icons-react';
import type { TopologyGraph } from '@weft/agent/api/types';
import { count } from '../../lib/format.ts';
import { Legend } from './legend.tsx';
import classes from './topology.module.css';
import { type EdgeLabel, useTopologyState } from './topology-state.ts';

const graphLabels = { versionedApp: 'Versioned apps', workload: 'Workloads', app: 'Apps', service: 'Services' } as const;
const edgeLabelNames: Readonly<Record<EdgeLabel, string>> = {
  rate: 'Request rate',
  errors: 'Error %',
  p50: 'Latency p50',
  p95: 'Latency p95',
  p99: 'Latency p99',
  throughput: 'Throughput',
  share: 'Traffic share',
  none: 'No labels',
};

export function GraphToolbar({ graph }: { graph: TopologyGraph | undefined }) {
  const [state, setState] = useTopologyState();
  return (
    <div className={classes.toolbar} role="toolbar" aria-label="Graph options">
      <Select
        aria-label="Graph type"
        w={146}
        data={Object.entries(graphLabels).map(([value, label]) => ({ value, label }))}
        value={state.graph}
        onChange={(value) => void setState({ graph: value as keyof typeof graphLabels, select: null })}
        withCheckIcon={false}
      />
      <Select
        aria-label="Edge labels"
        w={136}
        data={Object.entries(edgeLabelNames).map(([value, label]) => ({ value, label }))}
        value={state.labels}
        onChange={(value) => void setState({ labels: value as EdgeLabel })}
        withCheckIcon={false}
      />
      <Popover position="bottom-start" transitionProps={{ duration: 80 }} trapFocus>
        <Popover.Target>
          <Button variant="default" leftSection={<IconAdjustmentsHorizontal size={15} aria-hidden />}>
            Display
          </Button>
        </Popover.Target>
        <Popover.Dropdown aria-label="Display options">
          <Stack gap={8}>
            <Checkbox
              label="Traffic animation"
              checked={state.motion}
              onChange={(event) => void setState({ motion: event.currentTarget.checked })}
            />
            <Checkbox
              label="Idle nodes and edges"
              checked={state.idle}
              onChange={(event) => void setState({ idle: event.currentTarget.checked })}
            />
            <Checkbox
              label="Namespace boxes"
              checked={state.boxes}
              onChange={(event) => void setState({ boxes: event.currentTarget.checked })}
            />
          </Stack>
        </Popover.Dropdown>
      </Popover>
      <Popover position="bottom-start" transitionProps={{ duration: 80 }} width={380}>
        <Popover.Target>
          <Button variant="default" leftSection={<IconHelpSquareRounded size={15} aria-hidden />}>
            Legend
          </Button>
        </Popover.Target>
        <Popover.Dropdown aria-label="Legend">
          <Legend />
        </Popover.Dropdown>
      </Popover>
      <div className={classes.space} />
      <span className={classes.tally}>
        {graph !== undefined && `${count(graph.nodes.length, 'node')}, ${count(graph.edges.length, 'edge')}`}
      </span>
      <SegmentedControl
        aria-label="Show as"
        value={state.view}
        onChange={(value) => void setState({ view: value as 'graph' | 'table' })}
        data={[
          { value: 'graph', label: 'Graph' },
          { value: 'table', label: 'Table' },
        ]}
      />
    </div>
  );
}
