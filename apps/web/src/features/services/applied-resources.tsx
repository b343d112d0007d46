'use client';

import type { AppliedResource } from '@weft/agent/api/types';
import { KindBadge } from '../../components/kind-badge.tsx';
import { SharedLink } from '../../components/shared-link.tsx';
import { resourceHref } from '../../lib/links.ts';
import classes from './services.module.css';

/** Resources in the order they take effect, each with what it does and where it says so. */
export function AppliedResources({ resources, empty }: { resources: readonly AppliedResource[]; empty: string }) {
  if (resources.length === 0) return <div style={{ padding: '12px 14px', color: 'var(--w-dim)' }}>{empty}</div>;
  return (
    <ul className={classes.lines}>
      {resources.map((resource) => (
        <li key={`${resource.id} ${resource.path}`}>
          <KindBadge kind={resource.kind} />
          <span className={classes.grow}>
            {resource.summary}
            <div className={classes.dim}>
              <SharedLink href={resourceHref(resource.id)}>
                {resource.namespace}/{resource.name}
              </SharedLink>{' '}
              <span className="mono">{resource.path}</span>
            </div>
          </span>
        </li>
      ))}
    </ul>
  );
}
