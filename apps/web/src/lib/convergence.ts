'use client';

import { useLiveData } from './live.ts';
import { useTRPCClient } from './trpc.ts';

/** How far a revision has come to the proxies; null revision for the newest. */
export function useConvergence(revision: number | null, isEnabled: boolean) {
  const client = useTRPCClient();
  return useLiveData({
    topic: { path: 'config.convergence', input: { revision } },
    read: () => client.config.convergence.query({ revision }),
    isEnabled,
  });
}
