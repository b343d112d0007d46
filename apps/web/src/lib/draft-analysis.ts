'use client';

import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { DraftAnalysis, DraftChange } from '@weft/agent/api/config-types';
import { useTRPCClient } from './trpc.ts';

const pauseMs = 250;

export interface LiveAnalysis {
  readonly analysis: DraftAnalysis | undefined;
  /** The shown analysis is of an older text. */
  readonly isBehind: boolean;
  readonly error: { readonly message: string } | null;
}

/** Analyses a draft in the whole mesh, shortly after the last key stroke. Null for no draft. */
export function useDraftAnalysis(change: DraftChange | null): LiveAnalysis {
  const client = useTRPCClient();
  const text = change === null ? null : JSON.stringify(change);
  const [settled] = useDebouncedValue(text, pauseMs);
  const { data, error, isFetching, isPlaceholderData } = useQuery({
    queryKey: ['draft analysis', settled],
    queryFn: ({ signal }) => client.config.analyzeDraft.mutate({ changes: [JSON.parse(settled ?? 'null') as DraftChange] }, { signal }),
    enabled: settled !== null,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
  return { analysis: change === null ? undefined : data, isBehind: isFetching || isPlaceholderData || settled !== text, error };
}
