import type { TrafficStats } from '@weft/agent/api/types';
import { formatBytesPerSecond, formatMs, formatPercent, formatRate } from '../../lib/format.ts';
import classes from './topology.module.css';

/** The golden signals of one direction, in six figures. */
export function TrafficFigures({ title, stats, emptyText }: { title: string; stats: TrafficStats; emptyText: string }) {
  const isSilent = stats.requestRate === 0 && stats.connectionRate === 0 && stats.sentBytesRate + stats.receivedBytesRate === 0;
  return (
    <section className={classes.section}>
      <h3>{title}</h3>
      {isSilent ? (
        <div className={classes.sub}>{emptyText}</div>
      ) : (
        <dl className={classes.figures} style={{ margin: 0 }}>
          <Figure name="rps" value={formatRate(stats.requestRate)} />
          <Figure name="Errors" value={formatPercent(stats.errorPercent)} />
          <Figure name="Throughput" value={formatBytesPerSecond(stats.sentBytesRate + stats.receivedBytesRate)} />
          <Figure name="p50" value={formatMs(stats.p50Ms)} />
          <Figure name="p95" value={formatMs(stats.p95Ms)} />
          <Figure name="p99" value={formatMs(stats.p99Ms)} />
        </dl>
      )}
    </section>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
