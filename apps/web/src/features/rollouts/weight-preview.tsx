'use client';

import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ConfigPreview } from '@weft/agent/api/config-types';
import { DiffView } from '../../components/diff-view.tsx';
import { FindingList } from '../../components/finding-list.tsx';
import { Loadable } from '../../components/loadable.tsx';
import { count } from '../../lib/format.ts';
import { useTRPC } from '../../lib/trpc.ts';
import classes from './rollouts.module.css';

/** What applying will write, and which proxies it reaches. */
export function WeightPreview({ id, weights }: { id: string; weights: readonly number[] }) {
  const trpc = useTRPC();
  const [settled] = useDebouncedValue([...weights], 120);
  const { data, error } = useQuery({
    ...trpc.rollouts.previewWeights.queryOptions({ id, weights: settled }),
    placeholderData: keepPreviousData,
  });
  return (
    <div className={classes.preview}>
      <h3>What Apply will write</h3>
      <Loadable data={data} error={error} height={160} what="the preview">
        {(preview) => <Preview preview={preview} />}
      </Loadable>
    </div>
  );
}

function Preview({ preview }: { preview: ConfigPreview }) {
  return (
    <>
      <DiffView files={preview.files} label="YAML changes" />
      <div className={classes.dim}>
        {preview.proxies.length === 0
          ? 'No proxy would receive anything new.'
          : `${count(preview.proxies.length, 'proxy', 'proxies')} will be told: ${preview.proxies.map(({ name }) => name).join(', ')}.`}
      </div>
      {preview.added.length > 0 && <FindingList findings={preview.added} empty="" />}
    </>
  );
}
