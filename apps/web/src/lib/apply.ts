'use client';

import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ApplyResult, DraftChange } from '@weft/agent/api/config-types';
import { useTRPCClient } from './trpc.ts';

type Client = ReturnType<typeof useTRPCClient>;

/** Runs something that makes a revision, and tells how it went. Every view reads anew afterwards. */
export function useApply(send: (client: Client) => Promise<ApplyResult>, onApplied?: (revision: number) => void) {
  const client = useTRPCClient();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => send(client),
    onSuccess: (result) => {
      if (result.status === 'refused') return;
      notifications.show({ color: 'teal', title: `Revision ${result.revision} is applied`, message: 'The proxies are being told.' });
      onApplied?.(result.revision);
      void queryClient.invalidateQueries();
    },
  });
}

export interface ApplyRequest {
  readonly changes: DraftChange[];
  readonly why: string;
  readonly baseRevision: number | null;
}

export function sendChanges(client: Client, { changes, why, baseRevision }: ApplyRequest): Promise<ApplyResult> {
  return client.config.applyChanges.mutate({ changes, why, baseRevision, who: 'console' });
}
