'use client';

import { Progress } from '@mantine/core';
import type { Overview } from '@weft/agent/api/types';
import Link from 'next/link';
import { Notice } from '../../components/notice.tsx';
import { Panel } from '../../components/panel.tsx';
import { formatSpan } from '../../lib/format.ts';
import { useSharedQuery, withShared } from '../../lib/url-state.ts';
import classes from './overview.module.css';

export function ProxiesPanel({ proxies }: { proxies: Overview['proxies'] }) {
  const shared = useSharedQuery();
  const synced = proxies.total - proxies.notSynced.length;
  return (
    <Panel title="Proxies" isFlush actions={<Link href={withShared('/mesh', shared)}>All</Link>}>
      {proxies.total === 0 ? (
        <Notice title="No proxy is connected">Start one with “weft proxy”, or label a namespace istio-injection: enabled.</Notice>
      ) : (
        <ul className={classes.lines}>
          <li>
            <span className={classes.grow}>In sync</span>
            <span className="num">
              {synced} of {proxies.total}
            </span>
            <Progress
              value={(synced / proxies.total) * 100}
              w={90}
              size="sm"
              aria-label="Share of proxies in sync"
              color={synced === proxies.total ? 'teal' : 'yellow'}
            />
          </li>
          {proxies.notSynced.slice(0, 4).map((name) => (
            <li key={name}>
              <Link href={withShared('/mesh', shared)} className={classes.grow}>
                {name}
              </Link>
              <span className={classes.worse}>not in sync</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

export function CertificatesPanel({ certificates }: { certificates: Overview['certificates'] }) {
  const shared = useSharedQuery();
  return (
    <Panel title="Certificates that expire first" isFlush actions={<Link href={withShared('/mesh?view=certificates', shared)}>All</Link>}>
      {certificates.length === 0 ? (
        <Notice title="No certificate issued yet" isCompact>
          Proxies get theirs when they connect.
        </Notice>
      ) : (
        <ul className={classes.lines}>
          {certificates.slice(0, 3).map((certificate) => (
            <li key={certificate.proxy}>
              <span className={classes.grow} title={certificate.spiffeId}>
                {certificate.proxy}
              </span>
              <span className="num">in {formatSpan(certificate.notAfter - Date.now())}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
