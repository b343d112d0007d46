'use client';

import type { Convergence } from '@weft/agent/api/config-types';
import { useLiveData } from './live.ts';
import { useTRPCClient } from './trpc.ts';

/** How far a revision has come to the proxies; null revision for the newest. */
export function useConvergence(revision: number | null, isEnabled: boolean) {
  const client = useTRPCClient();
  return useLiveData<Convergence>({
    key: ['convergence', revision],
    read: () => client.config.convergence.query({ revision }),
    follow: (observer) => client.config.convergenceLive.subscribe({ revision }, observer),
    isEnabled,
  });
}
