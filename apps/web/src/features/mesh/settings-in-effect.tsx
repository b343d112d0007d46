'use client';

import type { MeshStatus } from '@weft/agent/api/types';
import { Panel } from '../../components/panel.tsx';
import { SharedLink } from '../../components/shared-link.tsx';
import { resourceHref } from '../../lib/links.ts';
import classes from './mesh.module.css';

export function SettingsInEffect({ settings }: { settings: MeshStatus['settings'] }) {
  return (
    <>
      <Panel title="Mesh">
        <dl className={classes.detail}>
          <dt>Root namespace</dt>
          <dd className="mono">{settings.rootNamespace}</dd>
          <dt>Trust domain</dt>
          <dd className="mono">{settings.trustDomain}</dd>
        </dl>
      </Panel>
      <Panel title="MeshConfig" isFlush actions={<SharedLink href={resourceHref('ConfigMap/istio-system/istio')}>Edit</SharedLink>}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard */}
        <pre className={classes.pre} tabIndex={0}>
          {settings.meshConfig.trim() === '' ? 'Nothing is set: the defaults are in force.' : settings.meshConfig}
        </pre>
      </Panel>
    </>
  );
}
