'use client';

import { Button, Loader } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { useAgentState } from '../../lib/agent-state.ts';
import { formatClock } from '../../lib/format.ts';
import classes from './stale-banner.module.css';

/** Says that the agent is away, and from when the data on screen is. */
export function StaleBanner() {
  const { link, heardAt, reconnect } = useAgentState();
  if (link !== 'lost') return null;
  return (
    <div className={classes.banner} role="status" data-testid="stale-banner">
      <IconPlugConnectedX size={18} aria-hidden />
      <span className={classes.text}>
        <strong>The agent does not answer.</strong>{' '}
        {heardAt === null
          ? 'Nothing was received from it yet. Start it with npm start, or check WEFT_AGENT_URL.'
          : `What you see is stale: it is from ${formatClock(heardAt)}. Traffic goes on; the proxies keep their last configuration.`}
      </span>
      <Loader size={14} color="currentColor" />
      <span>Reconnecting…</span>
      <Button variant="default" size="compact-xs" onClick={reconnect}>
        Retry now
      </Button>
    </div>
  );
}
