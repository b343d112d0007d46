'use client';

import { NumberInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { DemoSettings } from '@weft/agent/api/config-types';
import { Panel } from '../../components/panel.tsx';
import { useTRPC } from '../../lib/trpc.ts';
import classes from './rollouts.module.css';

type Workload = DemoSettings['workloads'][number];

/** For practice in the demo shop: make a version fail or answer slowly. Absent where no demo runs. */
export function DemoKnobs({ host, versions }: { host: string; versions: readonly string[] }) {
  const trpc = useTRPC();
  const { data } = useQuery(trpc.demo.settings.queryOptions());
  const name = host.split('.')[0] ?? host;
  const workloads =
    data?.workloads.filter((workload) => workload.name.startsWith(name) && versions.some((version) => workload.name.endsWith(version))) ??
    [];
  if (data?.available !== true || workloads.length === 0) return null;
  return (
    <Panel title="Practice: misbehave on purpose">
      <div className={classes.knobs}>
        {workloads.map((workload) => (
          <Knobs key={workload.name} workload={workload} />
        ))}
      </div>
    </Panel>
  );
}

function Knobs({ workload }: { workload: Workload }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const change = useMutation(
    trpc.demo.change.mutationOptions({
      onSuccess: (settings) => queryClient.setQueryData(trpc.demo.settings.queryKey(), settings),
    }),
  );
  const send = (part: { readonly errorPercent?: number; readonly latencyMs?: number }) =>
    change.mutate({ workload: workload.name, errorPercent: workload.errorPercent, latencyMs: workload.latencyMs, ...part });
  return (
    <>
      <span className={classes.knobName}>{workload.name}</span>
      <NumberInput
        label="Errors"
        aria-label={`Error rate of ${workload.name}`}
        suffix=" %"
        min={0}
        max={100}
        step={5}
        clampBehavior="strict"
        value={workload.errorPercent}
        onChange={(value) => typeof value === 'number' && send({ errorPercent: value })}
      />
      <NumberInput
        label="Added latency"
        aria-label={`Added latency of ${workload.name}`}
        suffix=" ms"
        min={0}
        max={10_000}
        step={50}
        clampBehavior="strict"
        value={workload.latencyMs}
        onChange={(value) => typeof value === 'number' && send({ latencyMs: value })}
      />
    </>
  );
}
