import { type ReactNode, useId } from 'react';
import classes from './panel.module.css';

interface PanelProps {
  readonly title: ReactNode;
  readonly children: ReactNode;
  /** Right of the title: links or small controls. */
  readonly actions?: ReactNode;
  /** Content up to the border, for tables and graphs. */
  readonly isFlush?: boolean;
  readonly className?: string | undefined;
}

/** A titled region of a page. */
export function Panel({ title, children, actions, isFlush = false, className }: PanelProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={className === undefined ? classes.panel : `${classes.panel} ${className}`}>
      <div className={classes.head}>
        <h2 id={id} className={classes.title}>
          {title}
        </h2>
        {actions !== undefined && <div className={classes.actions}>{actions}</div>}
      </div>
      <div className={isFlush ? classes.flush : classes.content}>{children}</div>
    </section>
  );
}
