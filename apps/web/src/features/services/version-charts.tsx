'use client';

import type { ServiceDetail } from '@weft/agent/api/types';
import { Panel } from '../../components/panel.tsx';
import { VersionComparison } from '../../components/version-comparison.tsx';
import classes from './services.module.css';

export function VersionCharts({ detail }: { detail: ServiceDetail }) {
  return (
    <Panel title="By version">
      <div className={classes.charts}>
        <VersionComparison
          versions={detail.seriesByVersion}
          markers={detail.markers}
          at={detail.at}
          windowSeconds={detail.windowSeconds}
          group="service"
        />
      </div>
    </Panel>
  );
}
