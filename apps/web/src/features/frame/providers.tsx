'use client';

import { ModalsProvider } from '@mantine/modals';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { NuqsAdapter } from 'nuqs/adapters/next/app';
import { type ReactNode, useState } from 'react';
import { createConsoleClient, TRPCProvider } from '../../lib/trpc.ts';
import { LiveProvider } from './live-provider.tsx';

/** Everything pages find around them: URL state, the agent's API with its cache, dialogs and notices. */
export function Providers({ children }: { children: ReactNode }) {
  const [queryClient] = useState(createQueryClient);
  const [trpcClient] = useState(createConsoleClient);
  return (
    <NuqsAdapter>
      <QueryClientProvider client={queryClient}>
        <TRPCProvider trpcClient={trpcClient} queryClient={queryClient}>
          <ModalsProvider>
            <Notifications position="bottom-right" autoClose={5000} />
            <LiveProvider>{children}</LiveProvider>
          </ModalsProvider>
        </TRPCProvider>
      </QueryClientProvider>
    </NuqsAdapter>
  );
}

function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // What is on screen stays there, marked stale, while the agent is away.
      queries: { retry: 1, staleTime: 500, gcTime: 30 * 60_000, refetchOnWindowFocus: false, networkMode: 'always' },
      mutations: { networkMode: 'always' },
    },
  });
}
