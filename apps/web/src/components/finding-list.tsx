'use client';

import { UnstyledButton } from '@mantine/core';
import { IconAlertTriangleFilled, IconExclamationCircleFilled, IconInfoCircleFilled } from '@tabler/icons-react';
import type { Finding } from '@weft/agent/api/types';
import { resourceHref } from '../lib/links.ts';
import classes from './finding-list.module.css';
import { SharedLink } from './shared-link.tsx';

const icons = { Error: IconExclamationCircleFilled, Warning: IconAlertTriangleFilled, Info: IconInfoCircleFilled } as const;
const levels = { Error: 0, Warning: 1, Info: 2 } as const;

interface FindingListProps {
  readonly findings: readonly Finding[];
  /** Said when there is no finding. */
  readonly empty: string;
  /** Moves an editor to the line; without it, a finding links to its resource. */
  readonly onReveal?: (finding: Finding) => void;
}

/** Findings, errors first, each with its code, place and documentation. */
export function FindingList({ findings, empty, onReveal }: FindingListProps) {
  if (findings.length === 0) return <div className={classes.empty}>{empty}</div>;
  const sorted = [...findings].sort((a, b) => levels[a.level] - levels[b.level] || a.line - b.line);
  return (
    <ul className={classes.list}>
      {sorted.map((finding) => (
        <li key={`${finding.code} ${finding.file} ${finding.line} ${finding.path} ${finding.message}`} className={classes.item}>
          <Icon level={finding.level} />
          <div className={classes.text}>
            <div>{finding.message}</div>
            <div className={classes.meta}>
              <Code finding={finding} />
              <Place finding={finding} {...(onReveal === undefined ? {} : { onReveal })} />
              {onReveal === undefined && <span>{finding.origin}</span>}
              {finding.path !== '' && <span className="mono">{finding.path}</span>}
            </div>
          </div>
        </li>
      ))}
    </ul>
  );
}

function Icon({ level }: { level: Finding['level'] }) {
  const LevelIcon = icons[level];
  return <LevelIcon size={16} role="img" aria-label={level} className={classes.icon} data-level={level} />;
}

function Code({ finding }: { finding: Finding }) {
  if (finding.documentationUrl === null) return <span className={classes.code}>{finding.code}</span>;
  return (
    <a className={classes.code} href={finding.documentationUrl} target="_blank" rel="noreferrer">
      {finding.code}
    </a>
  );
}

function Place({ finding, onReveal }: { finding: Finding; onReveal?: (finding: Finding) => void }) {
  if (onReveal !== undefined) {
    return (
      <UnstyledButton className={classes.place} onClick={() => onReveal(finding)}>
        line {finding.line}
      </UnstyledButton>
    );
  }
  const place = `${finding.file}:${finding.line}`;
  return finding.resourceId === null ? (
    <span>{place}</span>
  ) : (
    <SharedLink href={`${resourceHref(finding.resourceId)}&line=${finding.line}`}>{place}</SharedLink>
  );
}
