'use client';

import type { ChangeMarker, GoldenSeries } from '@weft/agent/api/types';
import { useMemo } from 'react';
import { formatMs, formatPercent, formatRate, formatTick } from '../lib/format.ts';
import { chartSpan, goldenRows } from '../lib/golden-charts.ts';
import { LazyTimeChart } from './lazy-time-chart.tsx';

interface GoldenChartsProps {
  readonly series: GoldenSeries;
  readonly markers: readonly ChangeMarker[];
  readonly at: number;
  readonly windowSeconds: number;
  readonly group: string;
}

const rate = [{ key: 'rate', label: 'rps', color: 'var(--w-series-1)' }];
const errors = [{ key: 'errors', label: 'errors', color: 'var(--w-bad-mark)' }];
const latency = [
  { key: 'p50', label: 'p50', color: 'var(--w-series-2)' },
  { key: 'p95', label: 'p95', color: 'var(--w-series-1)' },
  { key: 'p99', label: 'p99', color: 'var(--w-series-3)', isDashed: true },
];

/** Rate, errors and latency on one time axis, with a marker at each change of the configuration. */
export function GoldenCharts({ series, markers, at, windowSeconds, group }: GoldenChartsProps) {
  const rows = useMemo(() => goldenRows(series), [series]);
  const flags = useMemo(() => markers.map((marker) => ({ at: marker.at, label: `#${marker.revision} ${marker.why}` })), [markers]);
  const shared = { rows, markers: flags, group, ...chartSpan(at, windowSeconds) };
  return (
    <>
      <LazyTimeChart title="Requests" series={rate} format={formatRate} formatTick={formatTick} {...shared} />
      <LazyTimeChart
        title="Errors"
        series={errors}
        format={formatPercent}
        formatTick={(value) => `${formatTick(value)} %`}
        minTop={1}
        {...shared}
      />
      <LazyTimeChart title="Latency" series={latency} format={formatMs} {...shared} />
    </>
  );
}
