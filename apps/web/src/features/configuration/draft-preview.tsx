'use client';

import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ConfigPreview, DraftChange } from '@weft/agent/api/config-types';
import { AffectedProxies } from '../../components/affected-proxies.tsx';
import { DiffView } from '../../components/diff-view.tsx';
import { Loadable } from '../../components/loadable.tsx';
import { useTRPCClient } from '../../lib/trpc.ts';
import classes from './configuration.module.css';

/** What applying would write to which file, and what every proxy would receive. */
export function DraftPreview({ change }: { change: DraftChange }) {
  const client = useTRPCClient();
  const [settled] = useDebouncedValue(change, 300);
  const { data, error } = useQuery<ConfigPreview>({
    queryKey: ['preview', settled],
    queryFn: () => client.config.preview.mutate({ changes: [settled] }),
    placeholderData: keepPreviousData,
  });
  return (
    <div className={classes.block}>
      <h3>What Apply will write</h3>
      <Loadable data={data} error={error} height={120} what="the preview">
        {(preview) => (
          <>
            <DiffView files={preview.files} label="YAML changes" />
            <AffectedProxies proxies={preview.proxies} />
          </>
        )}
      </Loadable>
    </div>
  );
}
