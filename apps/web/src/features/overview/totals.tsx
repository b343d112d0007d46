import type { Health, Overview } from '@weft/agent/api/types';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { HealthMark } from '../../components/health-mark.tsx';
import { formatBytesPerSecond, formatMs, formatPercent, formatRate } from '../../lib/format.ts';
import { useSharedQuery, withShared } from '../../lib/url-state.ts';
import classes from './overview.module.css';

const order: readonly Health[] = ['failure', 'degraded', 'healthy', 'idle'];

/** The whole mesh in one line. Each figure leads to its cause. */
export function Totals({ overview }: { overview: Overview }) {
  const shared = useSharedQuery();
  const { stats, health } = overview;
  return (
    <div className={classes.totals}>
      <Link href={withShared('/services', shared)} className={classes.total}>
        <div className={classes.label}>Services</div>
        <div className={classes.tally}>
          {order.map((state) => (
            <span key={state} data-none={health.services[state] === 0}>
              <HealthMark health={state} />
              <span className="num">{health.services[state]}</span>
            </span>
          ))}
        </div>
      </Link>
      <Total href={withShared('/topology', shared)} label="Requests" unit="rps">
        {formatRate(stats.requestRate)}
      </Total>
      <Total href={withShared('/services?sort=errors', shared)} label="Errors" unit={`${formatRate(stats.errorRate)} rps`}>
        {formatPercent(stats.errorPercent)}
      </Total>
      <Total href={withShared('/services?sort=p95', shared)} label="Latency p95" unit={`p50 ${formatMs(stats.p50Ms)}`}>
        {formatMs(stats.p95Ms)}
      </Total>
      <Total href={withShared('/topology?labels=throughput', shared)} label="Throughput" unit="out">
        {formatBytesPerSecond(stats.sentBytesRate)}
      </Total>
    </div>
  );
}

function Total({ href, label, unit, children }: { href: string; label: string; unit: string; children: ReactNode }) {
  return (
    <Link href={href} className={classes.total}>
      <div className={classes.label}>{label}</div>
      <div className={classes.figure}>
        {children} <span className={classes.unit}>{unit}</span>
      </div>
    </Link>
  );
}
