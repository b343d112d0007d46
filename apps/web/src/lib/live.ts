'use client';

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { LiveAnswer, LivePath, LiveTopic } from '@weft/agent/api/live';
import { createContext, useContext, useEffect, useRef, useSyncExternalStore } from 'react';
import { LiveTopics, topicKey } from './live-topics.ts';
import { type RefreshChoice, rangeSeconds, useNamespaces, useRefresh, useTimeRange } from './url-state.ts';

interface Observer<T> {
  readonly onData: (data: T) => void;
  readonly onError: (error: unknown) => void;
}

interface LiveSource<P extends LivePath> {
  readonly topic: LiveTopic & { readonly path: P };
  /** Asks the query of the topic. */
  readonly read: () => Promise<LiveAnswer<P>>;
  readonly isEnabled?: boolean;
}

export interface LiveData<T> {
  readonly data: T | undefined;
  readonly error: Error | null;
  readonly isLoading: boolean;
}

const intervals: Readonly<Record<RefreshChoice, number | false>> = { live: false, '5s': 5000, '10s': 10_000, '30s': 30_000, paused: false };

/** The topics of the whole console: one connection carries them all, as a browser has six for all tabs of an origin. */
export const LiveTopicsContext = createContext(new LiveTopics());

const firstRetryMs = 1000;
const lastRetryMs = 8000;

/** Data that follows the agent the way the reader chose: streamed, polled, or held still. */
export function useLiveData<P extends LivePath>({ topic, read, isEnabled = true }: LiveSource<P>): LiveData<LiveAnswer<P>> {
  const [refresh] = useRefresh();
  useTopic(topic, isEnabled && refresh === 'live');
  const query = useQuery({
    queryKey: topicKey(topic),
    queryFn: read,
    enabled: isEnabled,
    refetchInterval: intervals[refresh],
    staleTime: refresh === 'live' ? Number.POSITIVE_INFINITY : 500,
    placeholderData: keepPreviousData,
  });
  return { data: query.data, error: query.error, isLoading: query.isPending };
}

/** Has the console's one stream write the topic's answers into the query cache. */
function useTopic(topic: LiveTopic, isOn: boolean): void {
  const topics = useContext(LiveTopicsContext);
  const latest = useRef(topic);
  latest.current = topic;
  const id = JSON.stringify(topicKey(topic));
  useEffect(() => {
    void id;
    return isOn ? topics.add(latest.current) : undefined;
  }, [topics, id, isOn]);
}

/** Follows a subscription until the returned function is called, reconnecting with back-off. */
export function followWithRetry<T>(follow: (observer: Observer<T>) => { unsubscribe(): void }, observer: Observer<T>): () => void {
  let retryMs = firstRetryMs;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let current: { unsubscribe(): void } | undefined;
  let isOver = false;
  const start = () => {
    current = follow({
      onData: (data) => {
        retryMs = firstRetryMs;
        observer.onData(data);
      },
      onError: (error) => {
        if (isOver) return;
        observer.onError(error);
        current?.unsubscribe();
        clearTimeout(timer);
        timer = setTimeout(start, retryMs);
        retryMs = Math.min(lastRetryMs, retryMs * 2);
      },
    });
  };
  start();
  return () => {
    isOver = true;
    clearTimeout(timer);
    current?.unsubscribe();
  };
}

export function usePageVisible(): boolean {
  return useSyncExternalStore(
    subscribeVisibility,
    () => document.visibilityState === 'visible',
    () => true,
  );
}

function subscribeVisibility(onChange: () => void): () => void {
  document.addEventListener('visibilitychange', onChange);
  return () => document.removeEventListener('visibilitychange', onChange);
}

/** The part of the traffic that the top bar selects, as the agent's API takes it. */
export function useTrafficScope(): { readonly namespaces: string[]; readonly windowSeconds: number } {
  const [namespaces] = useNamespaces();
  const [range] = useTimeRange();
  return { namespaces, windowSeconds: rangeSeconds(range) };
}
