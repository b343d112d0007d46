'use client';

import { UnstyledButton } from '@mantine/core';
import type { RolloutSummary } from '@weft/agent/api/config-types';
import { versionColor } from '../../components/version-comparison.tsx';
import classes from './rollouts.module.css';

interface RolloutChoiceProps {
  readonly rollouts: readonly RolloutSummary[];
  readonly currentId: string | null;
  readonly onChoose: (id: string) => void;
}

export function RolloutChoice({ rollouts, currentId, onChoose }: RolloutChoiceProps) {
  return (
    <nav aria-label="Rollouts" className={classes.choice}>
      {rollouts.map((rollout) => (
        <UnstyledButton
          key={rollout.id}
          className={classes.option}
          aria-current={rollout.id === currentId ? 'true' : undefined}
          onClick={() => onChoose(rollout.id)}
        >
          <span className={classes.optionName}>{rollout.name}</span>
          <span className={classes.dim}>
            {rollout.namespace} · {routeLabel(rollout)}
          </span>
          <ShareBar rollout={rollout} />
        </UnstyledButton>
      ))}
    </nav>
  );
}

/** The route's name, or its place and what it matches. */
export function routeLabel({ routeName, path, matches }: RolloutSummary): string {
  const place = routeName ?? path.replace(/^spec\./, '');
  return matches.length === 0 ? `${place}, every request` : `${place}, ${matches.join(' or ')}`;
}

function ShareBar({ rollout }: { rollout: RolloutSummary }) {
  return (
    <span className={classes.shareLine}>
      <span className={classes.shareBar} aria-hidden="true">
        {rollout.destinations.map((destination, index) => (
          <span key={destination.index} style={{ width: `${destination.requestedPercent}%`, background: versionColor(index) }} />
        ))}
      </span>
      <span className="num">{rollout.destinations.map(({ requestedPercent }) => requestedPercent).join(' / ')}</span>
    </span>
  );
}
