'use client';

import { Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import { Notice } from './notice.tsx';

interface LoadableProps<T> {
  readonly data: T | undefined;
  readonly error: { readonly message: string } | null;
  /** Height that the content will have, so that nothing jumps when it arrives. */
  readonly height: number;
  /** What is being loaded: "the services". */
  readonly what: string;
  readonly children: (data: T) => ReactNode;
}

/** Content, or a skeleton of its size, or why there is none. Data that is there stays, whatever happens to the connection. */
export function Loadable<T>({ data, error, height, what, children }: LoadableProps<T>) {
  if (data !== undefined) return <>{children(data)}</>;
  if (error !== null) {
    return (
      <div style={{ minHeight: height }}>
        <Notice tone="problem" title={`Could not load ${what}`}>
          {error.message}. The console keeps trying.
        </Notice>
      </div>
    );
  }
  return (
    <div role="status" aria-label={`Loading ${what}`} style={{ height, padding: 14 }}>
      <Skeleton height={14} width="32%" mb={12} />
      <Skeleton height={Math.max(20, height - 54)} />
    </div>
  );
}
