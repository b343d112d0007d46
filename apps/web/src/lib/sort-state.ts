'use client';

import type { SortingState } from '@tanstack/react-table';
import { parseAsString, useQueryState } from 'nuqs';

/** The order of a table in the address: `sort=errors` or `sort=-errors` for ascending. */
export function useSortState(fallback: string): readonly [SortingState, (next: SortingState) => void] {
  const [text, setText] = useQueryState('sort', parseAsString.withDefault(fallback));
  const isAscending = text.startsWith('-');
  const sorting: SortingState = [{ id: isAscending ? text.slice(1) : text, desc: !isAscending }];
  const change = (next: SortingState) => {
    const first = next[0];
    void setText(first === undefined ? null : `${first.desc ? '' : '-'}${first.id}`);
  };
  return [sorting, change];
}
