'use client';

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';

/** An unsaved text that survives walking through the console. Null when there is none. */
export function useDraftText(id: string): readonly [string | null, (text: string | null) => void] {
  const queryClient = useQueryClient();
  const { data } = useQuery<string | null>({
    queryKey: ['draft text', id],
    queryFn: () => null,
    enabled: false,
    initialData: null,
    gcTime: Number.POSITIVE_INFINITY,
  });
  const set = useCallback((text: string | null) => void queryClient.setQueryData(['draft text', id], text), [queryClient, id]);
  return [data, set];
}
