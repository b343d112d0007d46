import { IconAlertTriangleFilled, IconCircleCheck, IconExclamationCircleFilled, IconInfoCircleFilled } from '@tabler/icons-react';
import type { FindingCounts } from '@weft/agent/api/types';
import { count } from '../lib/format.ts';
import classes from './finding-tally.module.css';

/** How many errors, warnings and notes the analysis found; a check when there are none. */
export function FindingTally({ findings }: { findings: FindingCounts }) {
  const { errors, warnings, infos } = findings;
  if (errors + warnings + infos === 0) {
    return (
      <span className={classes.tally}>
        <IconCircleCheck size={16} className={classes.none} role="img" aria-label="No findings" />
      </span>
    );
  }
  return (
    <span
      className={classes.tally}
      role="img"
      aria-label={`${count(errors, 'error')}, ${count(warnings, 'warning')}, ${count(infos, 'note')}`}
    >
      {errors > 0 && (
        <span className={classes.error}>
          <IconExclamationCircleFilled size={15} aria-hidden /> {errors}
        </span>
      )}
      {warnings > 0 && (
        <span className={classes.warning}>
          <IconAlertTriangleFilled size={15} aria-hidden /> {warnings}
        </span>
      )}
      {infos > 0 && (
        <span className={classes.info}>
          <IconInfoCircleFilled size={15} aria-hidden /> {infos}
        </span>
      )}
    </span>
  );
}
