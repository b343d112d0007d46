'use client';

import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { DraftChange, SecurityDraftPreview } from '@weft/agent/api/config-types';
import { useTRPCClient } from '../../lib/trpc.ts';

export interface SecurityDraftState {
  readonly preview: SecurityDraftPreview | undefined;
  readonly isBehind: boolean;
  readonly error: { readonly message: string } | null;
}

/** What a draft would change: findings, files, and recorded requests replayed against it. */
export function useSecurityDraft(change: DraftChange | null): SecurityDraftState {
  const client = useTRPCClient();
  const text = change === null ? null : JSON.stringify(change);
  const [settled] = useDebouncedValue(text, 300);
  const { data, error, isFetching } = useQuery({
    queryKey: ['security draft', settled],
    queryFn: ({ signal }) => client.security.draft.mutate({ changes: [JSON.parse(settled ?? 'null') as DraftChange] }, { signal }),
    enabled: settled !== null,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
  return { preview: change === null ? undefined : data, isBehind: isFetching || settled !== text, error };
}
