'use client';

import { Button, Tooltip } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import type { RolloutSummary } from '@weft/agent/api/config-types';
import { useState } from 'react';
import { ConvergenceView } from '../../components/convergence-view.tsx';
import { Loadable } from '../../components/loadable.tsx';
import { Panel } from '../../components/panel.tsx';
import { Refusal } from '../../components/refusal.tsx';
import { SharedLink } from '../../components/shared-link.tsx';
import { VersionComparison } from '../../components/version-comparison.tsx';
import { useApply } from '../../lib/apply.ts';
import { useConvergence } from '../../lib/convergence.ts';
import { resourceHref } from '../../lib/links.ts';
import { useLiveData, useTrafficScope } from '../../lib/live.ts';
import { useTRPCClient } from '../../lib/trpc.ts';
import { DemoKnobs } from './demo-knobs.tsx';
import { routeLabel } from './rollout-choice.tsx';
import { RolloutHistory } from './rollout-history.tsx';
import classes from './rollouts.module.css';
import { WeightPreview } from './weight-preview.tsx';
import { WeightTable } from './weight-table.tsx';

/** One rollout: weights to move, what moving them will write, and how the versions do. */
export function Cockpit({ summary }: { summary: RolloutSummary }) {
  const client = useTRPCClient();
  const query = { ...useTrafficScope(), id: summary.id };
  const { data, error } = useLiveData({
    topic: { path: 'rollouts.detail', input: query },
    read: () => client.rollouts.detail.query(query),
  });
  return (
    <div className={classes.cockpit}>
      <Weights rollout={summary} />
      <Panel title="Versions compared">
        <Loadable data={data} error={error} height={180} what="the signals of the versions">
          {(detail) => (
            <div className={classes.charts}>
              <VersionComparison
                versions={detail.series}
                markers={detail.markers}
                at={detail.at}
                windowSeconds={detail.windowSeconds}
                group="rollout"
              />
            </div>
          )}
        </Loadable>
      </Panel>
      <div className={classes.columns}>
        <DemoKnobs versions={summary.destinations.map(({ version }) => version)} host={summary.destinations[0]?.host ?? ''} />
        <RolloutHistory revisions={data?.revisions ?? []} />
      </div>
    </div>
  );
}

function Weights({ rollout }: { rollout: RolloutSummary }) {
  const requested = rollout.destinations.map(({ requestedPercent }) => requestedPercent);
  const [draft, setDraft] = useState<readonly number[] | null>(null);
  const [applied, setApplied] = useState<number | null>(null);
  const weights = draft ?? requested;
  const isChanged = weights.some((weight, index) => weight !== requested[index]);
  const describe = (values: readonly number[]) =>
    `${rollout.name}: ${rollout.destinations.map(({ version }, index) => `${version} ${values[index] ?? 0} %`).join(', ')}`;
  const settle = (revision: number) => {
    setApplied(revision);
    setDraft(null);
  };
  const apply = useApply(
    (client) => client.rollouts.applyWeights.mutate({ id: rollout.id, weights: [...weights], why: describe(weights), who: 'console' }),
    settle,
  );
  const convergence = useConvergence(applied, applied !== null);
  return (
    <Panel
      title={
        <>
          {rollout.name} <span className={classes.titleNote}>{routeLabel(rollout)}</span>
        </>
      }
      actions={
        <>
          <SharedLink href={`${resourceHref(rollout.resourceId)}&line=${rollout.line}`}>YAML</SharedLink>
          <Rollback rollout={rollout} describe={describe} onApplied={settle} />
        </>
      }
    >
      <WeightTable rollout={rollout} weights={weights} onChange={setDraft} />
      <div className={classes.footer}>
        <div className={classes.grow}>
          {convergence.data !== undefined && applied !== null ? (
            <ConvergenceView convergence={convergence.data} />
          ) : (
            <span className={classes.dim}>
              {rollout.convergence.acked} of {rollout.convergence.total} proxies have ACKed the present weights.
            </span>
          )}
        </div>
        <Button variant="default" size="sm" disabled={!isChanged} onClick={() => setDraft(null)}>
          Reset
        </Button>
        <Button size="sm" disabled={!isChanged} loading={apply.isPending} onClick={() => apply.mutate()}>
          Apply weights
        </Button>
      </div>
      <Refusal result={apply.data} error={apply.error} />
      {isChanged && <WeightPreview id={rollout.id} weights={weights} />}
    </Panel>
  );
}

interface RollbackProps {
  readonly rollout: RolloutSummary;
  readonly describe: (weights: readonly number[]) => string;
  readonly onApplied: (revision: number) => void;
}

/** Sends everything back to the first destination, at once and without a question. */
function Rollback({ rollout, describe, onApplied }: RollbackProps) {
  const weights = rollout.destinations.map((_, index) => (index === 0 ? 100 : 0));
  const stable = rollout.destinations[0];
  const isDone = stable === undefined || stable.requestedPercent === 100;
  const rollback = useApply(
    (client) => client.rollouts.applyWeights.mutate({ id: rollout.id, weights, why: `roll back ${describe(weights)}`, who: 'console' }),
    onApplied,
  );
  if (stable === undefined || rollout.destinations.length < 2) return null;
  return (
    <Tooltip label={isDone ? `All traffic goes to ${stable.version} already` : `100 % to ${stable.version}, at once`}>
      <Button
        color="red"
        variant={isDone ? 'default' : 'light'}
        leftSection={<IconArrowBackUp size={15} aria-hidden />}
        loading={rollback.isPending}
        data-disabled={isDone || undefined}
        aria-disabled={isDone}
        onClick={() => !isDone && rollback.mutate()}
      >
        Roll back to {stable.version}
      </Button>
    </Tooltip>
  );
}
