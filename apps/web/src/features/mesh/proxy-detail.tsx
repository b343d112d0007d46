'use client';

import { CloseButton } from '@mantine/core';
import type { ProxyStatus } from '@weft/agent/api/types';
import { Panel } from '../../components/panel.tsx';
import { formatDateTime } from '../../lib/format.ts';
import classes from './mesh.module.css';

export function ProxyDetail({ proxy, onClose }: { proxy: ProxyStatus; onClose: () => void }) {
  const { certificate, lastNack } = proxy;
  return (
    <Panel title={`${proxy.name}.${proxy.namespace}`} actions={<CloseButton size="sm" aria-label="Close the proxy" onClick={onClose} />}>
      <dl className={classes.detail}>
        <dt>Node id</dt>
        <dd className="mono">{proxy.id}</dd>
        <dt>Address</dt>
        <dd className="mono">{proxy.ip}</dd>
        <dt>Connection</dt>
        <dd>
          {proxy.connected ? 'connected since' : 'lost; was connected since'} {formatDateTime(proxy.connectedAt)}
        </dd>
        <dt>Admin</dt>
        <dd className="mono">{proxy.adminUrl ?? 'not announced'}</dd>
        <dt>Metrics</dt>
        <dd className="mono">{proxy.metricsUrl ?? 'not announced, so its traffic is not measured'}</dd>
        <dt>Identity</dt>
        <dd className="mono">{certificate?.spiffeId ?? 'no certificate yet'}</dd>
        {certificate !== null && (
          <>
            <dt>Certificate</dt>
            <dd>
              valid from {formatDateTime(certificate.notBefore)} to {formatDateTime(certificate.notAfter)}, serial{' '}
              <span className="mono">{certificate.serial}</span>
            </dd>
          </>
        )}
        {lastNack !== null && (
          <>
            <dt>Last NACK</dt>
            <dd>
              {lastNack.type.toUpperCase()} at {formatDateTime(lastNack.at)}: {lastNack.message}
            </dd>
          </>
        )}
      </dl>
    </Panel>
  );
}
