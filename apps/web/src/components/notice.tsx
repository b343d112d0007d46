import { IconAlertTriangle, IconCircleCheck, IconInfoCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import classes from './notice.module.css';

interface NoticeProps {
  readonly tone?: 'info' | 'good' | 'problem';
  /** What is so: "No requests in the last 5 minutes". */
  readonly title: ReactNode;
  /** Why, and what to do. */
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  /** In one line instead of centred in the space. */
  readonly isCompact?: boolean;
}

const icons = { info: IconInfoCircle, good: IconCircleCheck, problem: IconAlertTriangle } as const;

/** What stands where there is nothing to show: the reason, and the way on. */
export function Notice({ tone = 'info', title, children, actions, isCompact = false }: NoticeProps) {
  const Icon = icons[tone];
  return (
    <div className={classes.notice} data-tone={tone} data-compact={isCompact} role={tone === 'problem' ? 'alert' : undefined}>
      <Icon size={isCompact ? 16 : 22} stroke={1.6} aria-hidden className={classes.icon} />
      <div className={classes.text}>
        <div className={classes.title}>{title}</div>
        {children !== undefined && <div className={classes.body}>{children}</div>}
        {actions !== undefined && <div className={classes.actions}>{actions}</div>}
      </div>
    </div>
  );
}
