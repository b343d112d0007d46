import { Progress } from '@mantine/core';
import { IconCircleCheckFilled, IconExclamationCircleFilled } from '@tabler/icons-react';
import type { Convergence } from '@weft/agent/api/config-types';
import { formatMs } from '../lib/format.ts';
import classes from './convergence-view.module.css';

/** How many proxies have acknowledged a revision, and who has not. */
export function ConvergenceView({ convergence }: { convergence: Convergence }) {
  const { revision, total, acked, nacked, pending, durationMs } = convergence;
  const troubled = convergence.proxies.filter(({ state }) => state === 'nacked' || state === 'disconnected');
  const isDone = pending === 0 && nacked === 0;
  return (
    <div className={classes.view} role="status" aria-label="Convergence" data-state={isDone ? 'done' : nacked > 0 ? 'nacked' : 'pending'}>
      <div className={classes.line}>
        {isDone && <IconCircleCheckFilled size={16} className={classes.good} aria-hidden />}
        {nacked > 0 && <IconExclamationCircleFilled size={16} className={classes.bad} aria-hidden />}
        <span>
          Revision {revision}: <span className="num">{acked}</span> of <span className="num">{total}</span> proxies ACKed
          {durationMs !== null && ` in ${formatMs(durationMs)}`}
          {nacked > 0 && `, ${nacked} refused it`}
        </span>
      </div>
      <Progress.Root size="sm" className={classes.bar}>
        <Progress.Section value={total === 0 ? 100 : (acked / total) * 100} color="teal" aria-label="ACKed" />
        <Progress.Section value={total === 0 ? 0 : (nacked / total) * 100} color="red" aria-label="Refused" />
      </Progress.Root>
      {troubled.map((proxy) => (
        <div key={proxy.id} className={classes.trouble}>
          {proxy.name}.{proxy.namespace}: {proxy.state === 'nacked' ? `NACK: ${proxy.message ?? 'no reason given'}` : 'not connected'}
        </div>
      ))}
    </div>
  );
}
