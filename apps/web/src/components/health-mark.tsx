import { IconAlertTriangleFilled, IconCircleCheckFilled, IconCircleDashed, IconExclamationCircleFilled } from '@tabler/icons-react';
import type { Health } from '../lib/health.ts';
import classes from './health-mark.module.css';

const icons = {
  healthy: IconCircleCheckFilled,
  degraded: IconAlertTriangleFilled,
  failure: IconExclamationCircleFilled,
  idle: IconCircleDashed,
} as const;

const words: Readonly<Record<Health, string>> = { healthy: 'Healthy', degraded: 'Degraded', failure: 'Failure', idle: 'No traffic' };

/** Health as a colour, a shape and a word, so that none of them stands alone. */
export function HealthMark({ health, withWord = false, size = 16 }: { health: Health; withWord?: boolean; size?: number }) {
  const Icon = icons[health];
  return (
    <span className={classes.mark} data-health={health}>
      <Icon size={size} aria-hidden />
      <span className={withWord ? classes.word : classes.hidden}>{words[health]}</span>
    </span>
  );
}
