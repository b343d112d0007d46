'use client';

import { useQueryClient } from '@tanstack/react-query';
import type { LiveUpdate } from '@weft/agent/api/live';
import type { MeshStatus } from '@weft/agent/api/types';
import { type ReactNode, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { type AgentState, AgentStateContext } from '../../lib/agent-state.ts';
import { followWithRetry, LiveTopicsContext, usePageVisible } from '../../lib/live.ts';
import { LiveTopics, topicKey } from '../../lib/live-topics.ts';
import { useTRPCClient } from '../../lib/trpc.ts';

/** The agent sends something, if only that nothing has changed, at least this often; silence beyond it means that it is gone. */
const silenceMs = 12_000;

/**
 * Follows the agent for the whole console over one connection: what the mounted views want to know, whether the agent answers, what it says of
 * itself, and when the configuration moves on.
 */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useTRPCClient();
  const queryClient = useQueryClient();
  const isVisible = usePageVisible();
  const [topics] = useState(() => new LiveTopics());
  const wanted = useSyncExternalStore(topics.subscribe, topics.current, topics.current);
  const [attempt, setAttempt] = useState(0);
  const [link, setLink] = useState<AgentState['link']>('connecting');
  const [status, setStatus] = useState<MeshStatus | null>(null);
  const [heardAt, setHeardAt] = useState<number | null>(null);
  const revision = useRef<number | null>(null);

  const silence = useRef<ReturnType<typeof setTimeout>>(undefined);

  useEffect(() => topics.add({ path: 'mesh.status' }), [topics]);

  useEffect(() => {
    // A hidden page gives its connection back: a browser has six of them for all its tabs.
    if (!isVisible || wanted.length === 0) return undefined;
    void attempt;
    const hear = () => {
      clearTimeout(silence.current);
      silence.current = setTimeout(() => setLink('lost'), silenceMs);
      setLink('connected');
      setHeardAt(Date.now());
    };
    const take = (update: LiveUpdate) => {
      if (update.path === 'mesh.status') {
        const next = update.data.agent.revision;
        setStatus(update.data);
        if (revision.current !== null && revision.current !== next) void queryClient.invalidateQueries();
        revision.current = next;
      }
      const topic = wanted[update.topic];
      if (topic === undefined) return;
      // An answer that was asked for earlier must not come in later and replace this one, which may be the last for long.
      void queryClient.cancelQueries({ queryKey: topicKey(topic), exact: true });
      queryClient.setQueryData(topicKey(topic), update.data);
    };
    return followWithRetry<readonly LiveUpdate[]>((observer) => client.live.subscribe([...wanted], observer), {
      onData: (updates) => {
        hear();
        for (const update of updates) take(update);
      },
      onError: () => setLink('lost'),
    });
  }, [client, queryClient, wanted, isVisible, attempt]);

  // Not with the connection: silence goes on when a change of topics replaces it.
  useEffect(() => {
    void isVisible;
    void attempt;
    return () => clearTimeout(silence.current);
  }, [isVisible, attempt]);

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
  return (
    <LiveTopicsContext value={topics}>
      <AgentStateContext value={state}>{children}</AgentStateContext>
    </LiveTopicsContext>
  );
}
