'use client';

import type { RolloutList, RolloutSummary } from '@weft/agent/api/config-types';
import { parseAsString, useQueryState } from 'nuqs';
import { Loadable } from '../../components/loadable.tsx';
import { Notice } from '../../components/notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useLiveData, useTrafficScope } from '../../lib/live.ts';
import { useTRPCClient } from '../../lib/trpc.ts';
import { Cockpit } from './cockpit.tsx';
import { RolloutChoice } from './rollout-choice.tsx';
import classes from './rollouts.module.css';

const observedSeconds = 10;

export function RolloutsPage() {
  const client = useTRPCClient();
  // What a slider does has to show within seconds, whatever range the charts look back over.
  const scope = { ...useTrafficScope(), windowSeconds: observedSeconds };
  const { data, error } = useLiveData({
    topic: { path: 'rollouts.list', input: scope },
    read: () => client.rollouts.list.query(scope),
  });
  return (
    <>
      <PageHeader title="Rollouts" />
      <div className={classes.page}>
        <Loadable data={data} error={error} height={600} what="the rollouts">
          {(list) => <RolloutsContent list={list} />}
        </Loadable>
      </div>
    </>
  );
}

function RolloutsContent({ list }: { list: RolloutList }) {
  const [chosen, setChosen] = useQueryState('rollout', parseAsString.withOptions({ history: 'push' }));
  if (list.rollouts.length === 0) {
    return (
      <Notice title={list.empty?.message ?? 'No route splits its traffic'}>
        {list.empty?.hint ?? 'Give a VirtualService route two weighted destinations, for instance subsets v1 and v2 of a DestinationRule.'}
      </Notice>
    );
  }
  const current = list.rollouts.find(({ id }) => id === chosen) ?? mostInteresting(list.rollouts);
  return (
    <div className={classes.layout}>
      <RolloutChoice rollouts={list.rollouts} currentId={current?.id ?? null} onChoose={(id) => void setChosen(id)} />
      {current !== undefined && <Cockpit key={current.id} summary={current} />}
    </div>
  );
}

/** The route with most destinations that takes every request, as that is the one to shift. */
function mostInteresting(rollouts: readonly RolloutSummary[]): RolloutSummary | undefined {
  const score = ({ destinations, matches }: RolloutSummary) => destinations.length * 2 + (matches.length === 0 ? 1 : 0);
  return [...rollouts].sort((a, b) => score(b) - score(a))[0];
}
