import type { Overview } from '@weft/agent/api/types';
import { GoldenCharts } from '../../components/golden-charts.tsx';
import { Panel } from '../../components/panel.tsx';
import classes from './overview.module.css';

export function GoldenPanel({ overview }: { overview: Overview }) {
  return (
    <Panel title="Golden signals">
      <div className={classes.charts}>
        <GoldenCharts
          series={overview.series}
          markers={overview.markers}
          at={overview.at}
          windowSeconds={overview.windowSeconds}
          group="overview"
        />
      </div>
    </Panel>
  );
}
