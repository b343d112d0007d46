'use client';

import { UnstyledButton } from '@mantine/core';
import type { PolicySummary } from '@weft/agent/api/config-types';
import { FindingTally } from '../../components/finding-tally.tsx';
import { KindBadge } from '../../components/kind-badge.tsx';
import { Notice } from '../../components/notice.tsx';
import { formatRate } from '../../lib/format.ts';
import classes from './security.module.css';
import { useSecurityState } from './security-state.ts';

export function PolicyList({ policies }: { policies: readonly PolicySummary[] }) {
  const [{ policy }, setState] = useSecurityState();
  if (policies.length === 0) {
    return (
      <Notice title="No policy applies">
        Everybody may call everybody, and plain text is accepted. Draw a policy, or set PeerAuthentication to STRICT.
      </Notice>
    );
  }
  return (
    <ul className={classes.list} aria-label="Policies">
      {policies.map((item) => (
        <li key={item.id}>
          <UnstyledButton
            className={classes.policy}
            aria-current={item.id === policy ? 'true' : undefined}
            onClick={() => void setState({ policy: item.id, applied: null })}
          >
            <KindBadge kind={item.kind} />
            <span className={classes.policyName}>
              {item.name} <span className={classes.note}>{item.namespace}</span>{' '}
              {item.findings.errors + item.findings.warnings > 0 && <FindingTally findings={item.findings} />}
            </span>
            <span className={classes.action} data-action={item.action ?? item.mtlsMode}>
              {item.action ?? item.mtlsMode ?? 'JWT'}
              {item.dryRun && ' dry run'}
            </span>
            <span className={classes.summary}>
              {item.summary}
              {item.deniedRate > 0 && <span className={classes.denied}> Refuses {formatRate(item.deniedRate)} rps.</span>}
            </span>
          </UnstyledButton>
        </li>
      ))}
    </ul>
  );
}
