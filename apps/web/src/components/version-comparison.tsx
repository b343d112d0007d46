'use client';

import type { ChangeMarker, GoldenSeries } from '@weft/agent/api/types';
import { useMemo } from 'react';
import { formatMs, formatPercent, formatRate, formatTick } from '../lib/format.ts';
import { chartSpan, versionRows } from '../lib/golden-charts.ts';
import { LazyTimeChart } from './lazy-time-chart.tsx';

interface VersionComparisonProps {
  readonly versions: readonly { readonly version: string; readonly series: GoldenSeries }[];
  readonly markers: readonly ChangeMarker[];
  readonly at: number;
  readonly windowSeconds: number;
  readonly group: string;
}

const percent = (value: number) => `${formatTick(value)} %`;

/** Colour of the n-th version, the same in charts, sliders and tables. */
export function versionColor(index: number): string {
  return `var(--w-series-${(index % 5) + 1})`;
}

/** Rate, errors and p95 of versions over each other, one line per version. */
export function VersionComparison({ versions, markers, at, windowSeconds, group }: VersionComparisonProps) {
  const rows = useMemo(
    () => ({
      rate: versionRows(versions, 'requestRate'),
      errors: versionRows(versions, 'errorPercent'),
      p95: versionRows(versions, 'p95Ms'),
    }),
    [versions],
  );
  const flags = useMemo(() => markers.map((marker) => ({ at: marker.at, label: `#${marker.revision} ${marker.why}` })), [markers]);
  const series = versions.map(({ version }, index) => ({
    key: version,
    label: version,
    color: versionColor(index),
    isDashed: index % 2 === 1,
  }));
  const shared = { series, markers: flags, group, ...chartSpan(at, windowSeconds) };
  return (
    <>
      <LazyTimeChart title="Requests per second" rows={rows.rate} format={formatRate} formatTick={formatTick} {...shared} />
      <LazyTimeChart title="Errors" rows={rows.errors} format={formatPercent} formatTick={percent} minTop={1} {...shared} />
      <LazyTimeChart title="Latency p95" rows={rows.p95} format={formatMs} {...shared} />
    </>
  );
}
