'use client';

import { keepPreviousData, type QueryKey, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { type RefreshChoice, rangeSeconds, useNamespaces, useRefresh, useTimeRange } from './url-state.ts';

interface Observer<T> {
  readonly onData: (data: T) => void;
  readonly onError: (error: unknown) => void;
}

interface LiveSource<T> {
  readonly key: QueryKey;
  readonly read: () => Promise<T>;
  readonly follow: (observer: Observer<T>) => { unsubscribe(): void };
  readonly isEnabled?: boolean;
}

export interface LiveData<T> {
  readonly data: T | undefined;
  readonly error: Error | null;
  readonly isLoading: boolean;
}

const intervals: Readonly<Record<RefreshChoice, number | false>> = { live: false, '5s': 5000, '10s': 10_000, '30s': 30_000, paused: false };
const firstRetryMs = 1000;
const lastRetryMs = 8000;

/** Data that follows the agent the way the reader chose: streamed, polled, or held still. */
export function useLiveData<T>(source: LiveSource<T>): LiveData<T> {
  const [refresh] = useRefresh();
  const isEnabled = source.isEnabled ?? true;
  useStream(source, isEnabled && refresh === 'live');
  const query = useQuery({
    queryKey: source.key,
    queryFn: source.read,
    enabled: isEnabled,
    refetchInterval: intervals[refresh],
    staleTime: refresh === 'live' ? Number.POSITIVE_INFINITY : 500,
    placeholderData: keepPreviousData,
  });
  return { data: query.data, error: query.error, isLoading: query.isPending };
}

/** Writes what a subscription sends into the query cache; subscribes again, ever more patiently, when it breaks. */
function useStream<T>(source: LiveSource<T>, isOn: boolean): void {
  const queryClient = useQueryClient();
  const isVisible = usePageVisible();
  const latest = useRef(source);
  latest.current = source;
  const id = JSON.stringify(source.key);
  useEffect(() => {
    // A hidden page gives its connections back: a browser has six of them for all its tabs.
    if (!isOn || !isVisible) return undefined;
    const { key, follow } = latest.current;
    void id;
    return followWithRetry(follow, {
      onData: (data) => void queryClient.setQueryData(key, data),
      onError: () => undefined,
    });
  }, [queryClient, id, isOn, isVisible]);
}

/** Follows a subscription until the returned function is called, reconnecting with back-off. */
export function followWithRetry<T>(follow: LiveSource<T>['follow'], observer: Observer<T>): () => void {
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
