'use client';

import { useQueryClient } from '@tanstack/react-query';
import type { MeshStatus } from '@weft/agent/api/types';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { type AgentState, AgentStateContext } from '../../lib/agent-state.ts';
import { followWithRetry, usePageVisible } from '../../lib/live.ts';
import { useTRPCClient } from '../../lib/trpc.ts';

/** The agent sends its status at least this often; silence beyond it means that it is gone. */
const silenceMs = 12_000;

/** Watches the agent for the whole console: whether it answers, what it says of itself, and when the configuration moves on. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useTRPCClient();
  const queryClient = useQueryClient();
  const isVisible = usePageVisible();
  const [attempt, setAttempt] = useState(0);
  const [link, setLink] = useState<AgentState['link']>('connecting');
  const [status, setStatus] = useState<MeshStatus | null>(null);
  const [heardAt, setHeardAt] = useState<number | null>(null);
  const revision = useRef<number | null>(null);

  useEffect(() => {
    if (!isVisible) return undefined;
    void attempt;
    let silence: ReturnType<typeof setTimeout> | undefined;
    const hear = () => {
      clearTimeout(silence);
      silence = setTimeout(() => setLink('lost'), silenceMs);
      setLink('connected');
      setHeardAt(Date.now());
    };
    const stop = followWithRetry<MeshStatus>((observer) => client.mesh.statusLive.subscribe(undefined, observer), {
      onData: (next) => {
        hear();
        setStatus(next);
        if (revision.current !== null && revision.current !== next.agent.revision) void queryClient.invalidateQueries();
        revision.current = next.agent.revision;
      },
      onError: () => setLink('lost'),
    });
    return () => {
      clearTimeout(silence);
      stop();
    };
  }, [client, queryClient, isVisible, attempt]);

  const wasLost = useRef(false);
  useEffect(() => {
    if (link === 'lost') wasLost.current = true;
    if (link === 'connected' && wasLost.current) {
      wasLost.current = false;
      void queryClient.invalidateQueries();
    }
  }, [link, queryClient]);

  const state = useMemo<AgentState>(
    () => ({ link, heardAt, status, reconnect: () => setAttempt((count) => count + 1) }),
    [link, heardAt, status],
  );
  return <AgentStateContext value={state}>{children}</AgentStateContext>;
}
