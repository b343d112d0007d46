'use client';

import { CartesianGrid, Line, LineChart, ReferenceLine, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import { formatClock } from '../lib/format.ts';
import classes from './time-chart.module.css';

interface ChartSeries {
  readonly key: string;
  readonly label: string;
  readonly color: string;
  readonly isDashed?: boolean;
}

/** One instant: its time and a value per series. */
type ChartRow = Readonly<Record<string, number | null>> & { readonly at: number };

interface ChangeMarker {
  readonly at: number;
  readonly label: string;
}

interface TimeChartProps {
  readonly title: string;
  readonly rows: readonly ChartRow[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** Shorter text for the axis. */
  readonly formatTick?: (value: number) => string;
  readonly markers?: readonly ChangeMarker[];
  /** Charts with the same group share crosshair and time axis. */
  readonly group: string;
  readonly from: number;
  readonly to: number;
  readonly height?: number;
  /** Upper end of the value axis when all values are below it. */
  readonly minTop?: number;
}

/** Lines over time. All charts of a page take the same `group`, `from` and `to`. */
export function TimeChart(props: TimeChartProps) {
  const { title, rows, series, format, formatTick = format, markers = [], group, from, to, height = 150, minTop = 0 } = props;
  const shown = markers.filter((marker) => marker.at >= from && marker.at <= to);
  return (
    <figure className={classes.figure} aria-label={title}>
      <figcaption className={classes.caption}>
        <span className={classes.title}>{title}</span>
        <Legend rows={rows} series={series} format={format} />
      </figcaption>
      <div style={{ height }} className={classes.plot}>
        {isEmpty(rows, series) && <div className={classes.empty}>No traffic in this time range</div>}
        <ResponsiveContainer width="100%" height="100%" initialDimension={{ width: 400, height }}>
          <LineChart
            data={[...rows]}
            syncId={group}
            syncMethod="value"
            margin={{ top: 8, right: 10, bottom: 0, left: 0 }}
            accessibilityLayer={false}
          >
            <CartesianGrid vertical={false} stroke="var(--w-border)" />
            <XAxis
              height={22}
              dataKey="at"
              type="number"
              domain={[from, to]}
              allowDataOverflow
              tickCount={6}
              tickFormatter={formatClock}
              tick={{ fontSize: 11, fill: 'var(--w-dim)' }}
              axisLine={{ stroke: 'var(--w-border-strong)' }}
              tickLine={false}
              minTickGap={48}
            />
            <YAxis
              width={58}
              tickFormatter={formatTick}
              tick={{ fontSize: 11, fill: 'var(--w-dim)' }}
              axisLine={false}
              tickLine={false}
              tickCount={4}
              domain={[0, isBelow(rows, series, minTop) ? minTop : 'auto']}
            />
            <Tooltip
              content={<Crosshair series={series} format={format} markers={shown} />}
              cursor={{ stroke: 'var(--w-dim)', strokeDasharray: '3 3' }}
              isAnimationActive={false}
            />
            {shown.map((marker) => (
              <ReferenceLine
                key={`${marker.at}${marker.label}`}
                x={marker.at}
                stroke="var(--w-accent)"
                strokeDasharray="2 3"
                label={<MarkerFlag />}
              />
            ))}
            {series.map((line) => (
              <Line
                key={line.key}
                dataKey={line.key}
                name={line.label}
                stroke={line.color}
                strokeWidth={1.6}
                dot={false}
                activeDot={{ r: 3 }}
                isAnimationActive={false}
                {...(line.isDashed === true ? { strokeDasharray: '5 3' } : {})}
              />
            ))}
          </LineChart>
        </ResponsiveContainer>
      </div>
    </figure>
  );
}

function isEmpty(rows: readonly ChartRow[], series: readonly ChartSeries[]): boolean {
  return !rows.some((row) => series.some((line) => row[line.key] != null));
}

function isBelow(rows: readonly ChartRow[], series: readonly ChartSeries[], top: number): boolean {
  return rows.every((row) => series.every((line) => (row[line.key] ?? 0) <= top));
}

function MarkerFlag({ viewBox }: { viewBox?: { x?: number; y?: number } }) {
  const x = viewBox?.x ?? 0;
  const y = viewBox?.y ?? 0;
  return <path d={`M${x - 4} ${y - 6}h8l-4 6z`} fill="var(--w-accent)" />;
}

interface LegendProps {
  readonly rows: readonly ChartRow[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
}

/** Names of the lines with their latest values: the text twin of the chart. */
function Legend({ rows, series, format }: LegendProps) {
  return (
    <span className={classes.legend}>
      {series.map((line) => {
        const latest = latestValue(rows, line.key);
        return (
          <span key={line.key} className={classes.item}>
            <svg width="14" height="8" aria-hidden="true">
              <path d="M0 4h14" stroke={line.color} strokeWidth="2" strokeDasharray={line.isDashed === true ? '5 3' : undefined} />
            </svg>
            {line.label} <span className="num">{latest === null ? '–' : format(latest)}</span>
          </span>
        );
      })}
    </span>
  );
}

function latestValue(rows: readonly ChartRow[], key: string): number | null {
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const value = rows[index]?.[key];
    if (value != null) return value;
  }
  return null;
}

interface CrosshairProps {
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  readonly markers: readonly ChangeMarker[];
  readonly active?: boolean;
  readonly label?: number | string;
  readonly payload?: readonly { readonly payload?: ChartRow }[];
}

function Crosshair({ series, format, markers, active, payload }: CrosshairProps) {
  const row = payload?.[0]?.payload;
  if (active !== true || row === undefined) return null;
  const near = markers.filter((marker) => Math.abs(marker.at - row.at) < 5000);
  return (
    <div className={classes.tooltip}>
      <div className="num">{formatClock(row.at)}</div>
      {series.map((line) => {
        const value = row[line.key];
        return (
          <div key={line.key} className={classes.row}>
            <span className={classes.swatch} style={{ background: line.color }} />
            <span>{line.label}</span>
            <span className="num">{value == null ? '–' : format(value)}</span>
          </div>
        );
      })}
      {near.map((marker) => (
        <div key={marker.label} className={classes.change}>
          {marker.label}
        </div>
      ))}
    </div>
  );
}
