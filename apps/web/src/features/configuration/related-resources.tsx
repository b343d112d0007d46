'use client';

import type { ResourceId } from '@weft/agent/api/types';
import { KindBadge } from '../../components/kind-badge.tsx';
import { SharedLink } from '../../components/shared-link.tsx';
import { partsOfResourceId, resourceHref } from '../../lib/links.ts';
import classes from './configuration.module.css';

export function RelatedResources({ ids }: { ids: readonly ResourceId[] }) {
  if (ids.length === 0) return null;
  return (
    <div className={classes.block}>
      <h3>Related</h3>
      <div className={classes.related}>
        {ids.map((id) => {
          const { kind, namespace, name } = partsOfResourceId(id);
          return (
            <span key={id}>
              <KindBadge kind={kind} />
              <SharedLink href={resourceHref(id)}>{namespace === '' ? name : `${namespace}/${name}`}</SharedLink>
            </span>
          );
        })}
      </div>
    </div>
  );
}
