import type { GoldenSeries } from '@weft/agent/api/types';

export interface GoldenRow {
  readonly at: number;
  readonly [key: string]: number | null;
}

/** Turns parallel arrays into one row per instant. */
export function goldenRows(series: GoldenSeries): readonly GoldenRow[] {
  return series.timestamps.map((at, index) => ({
    at,
    rate: series.requestRate[index] ?? null,
    errors: series.errorPercent[index] ?? null,
    p50: series.p50Ms[index] ?? null,
    p95: series.p95Ms[index] ?? null,
    p99: series.p99Ms[index] ?? null,
    sent: series.sentBytesRate[index] ?? null,
    received: series.receivedBytesRate[index] ?? null,
  }));
}

type Measure = 'requestRate' | 'errorPercent' | 'p50Ms' | 'p95Ms' | 'p99Ms';

/** One row per instant with a column per version, for comparing versions in one chart. */
export function versionRows(
  versions: readonly { readonly version: string; readonly series: GoldenSeries }[],
  measure: Measure,
): readonly GoldenRow[] {
  const rowByTime = new Map<number, Record<string, number | null> & { at: number }>();
  for (const { version, series } of versions) {
    series.timestamps.forEach((at, index) => {
      const row: Record<string, number | null> & { at: number } = rowByTime.get(at) ?? { at };
      row[version] = series[measure][index] ?? null;
      rowByTime.set(at, row);
    });
  }
  return [...rowByTime.values()].sort((a, b) => a.at - b.at);
}

/** The time axis that all charts of a page share. */
export function chartSpan(at: number, windowSeconds: number): { readonly from: number; readonly to: number } {
  return { from: at - windowSeconds * 1000, to: at };
}
