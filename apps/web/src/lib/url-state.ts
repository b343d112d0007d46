'use client';

import { useSearchParams } from 'next/navigation';
import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryState } from 'nuqs';

export const timeRanges = ['1m', '5m', '10m', '30m', '1h', '3h', '6h', '12h', '1d', '7d'] as const;
export type TimeRange = (typeof timeRanges)[number];

export const refreshChoices = ['live', '5s', '10s', '30s', 'paused'] as const;
export type RefreshChoice = (typeof refreshChoices)[number];

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds in a range such as `5m`. */
export function rangeSeconds(range: TimeRange): number {
  return Number.parseInt(range, 10) * (secondsPerUnit[range.slice(-1)] ?? 1);
}

/** Namespaces to show; an empty list means all of them. */
export function useNamespaces() {
  return useQueryState('ns', parseAsArrayOf(parseAsString).withDefault([]).withOptions({ history: 'replace' }));
}

export function useTimeRange() {
  return useQueryState('last', parseAsStringLiteral(timeRanges).withDefault('5m'));
}

export function useRefresh() {
  return useQueryState('refresh', parseAsStringLiteral(refreshChoices).withDefault('live'));
}

/** The parameters that every page shares, as a suffix for links: `?ns=shop&last=10m`, or empty. */
export function useSharedQuery(): string {
  const params = useSearchParams();
  const shared = new URLSearchParams();
  for (const name of ['ns', 'last', 'refresh']) {
    const value = params.get(name);
    if (value !== null) shared.set(name, value);
  }
  const text = shared.toString();
  return text === '' ? '' : `?${text}`;
}

/** Adds the shared parameters to an address of this console. */
export function withShared(href: string, shared: string): string {
  if (shared === '') return href;
  return href.includes('?') ? `${href}&${shared.slice(1)}` : `${href}${shared}`;
}
