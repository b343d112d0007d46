'use client';

import { Button, NumberInput, Slider } from '@mantine/core';
import type { RolloutDestination, RolloutSummary } from '@weft/agent/api/config-types';
import { versionColor } from '../../components/version-comparison.tsx';
import { formatMs, formatPercent, formatRate } from '../../lib/format.ts';
import { rebalance } from './rebalance.ts';
import classes from './rollouts.module.css';

const presets = [0, 1, 5, 10, 25, 50, 100];

interface WeightTableProps {
  readonly rollout: RolloutSummary;
  readonly weights: readonly number[];
  readonly onChange: (weights: readonly number[]) => void;
}

/** A slider per version. Moving one rebalances the others; the sum is always 100. */
export function WeightTable({ rollout, weights, onChange }: WeightTableProps) {
  return (
    <div className={classes.versions}>
      {rollout.destinations.map((destination, index) => (
        <VersionRow
          key={destination.index}
          destination={destination}
          color={versionColor(index)}
          weight={weights[index] ?? 0}
          isFixed={rollout.destinations.length < 2}
          onChange={(weight) => onChange(rebalance(weights, index, weight))}
        />
      ))}
    </div>
  );
}

interface VersionRowProps {
  readonly destination: RolloutDestination;
  readonly color: string;
  readonly weight: number;
  readonly isFixed: boolean;
  readonly onChange: (weight: number) => void;
}

function VersionRow({ destination, color, weight, isFixed, onChange }: VersionRowProps) {
  const { version, requestedPercent, observedPercent, stats } = destination;
  const name = version === '' ? destination.host : version;
  return (
    <section className={classes.version} aria-label={`Version ${name}`}>
      <div className={classes.versionName}>
        <span className={classes.dot} style={{ background: color }} aria-hidden="true" /> {name}
        <span className={classes.host} title={destination.host}>
          {destination.host.replace(/\.svc\..*$/, '')}
        </span>
      </div>
      <div className={classes.control}>
        <Slider
          className={classes.slider ?? ''}
          value={weight}
          onChange={onChange}
          min={0}
          max={100}
          step={1}
          disabled={isFixed}
          label={(value) => `${value} %`}
          thumbLabel={`Weight of ${name}`}
          styles={{ bar: { background: color }, thumb: { borderColor: color } }}
        />
        <NumberInput
          aria-label={`Weight of ${name} in percent`}
          w={84}
          value={weight}
          min={0}
          max={100}
          suffix=" %"
          allowDecimal={false}
          clampBehavior="strict"
          disabled={isFixed}
          onChange={(value) => typeof value === 'number' && onChange(value)}
        />
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own layout */}
      <div className={classes.presets} role="group" aria-label={`Presets for ${name}`}>
        {presets.map((preset) => (
          <Button
            key={preset}
            size="compact-xs"
            variant={weight === preset ? 'light' : 'default'}
            disabled={isFixed}
            aria-pressed={weight === preset}
            aria-label={`${preset} % to ${name}`}
            onClick={() => onChange(preset)}
          >
            {preset}
          </Button>
        ))}
      </div>
      <dl className={classes.facts}>
        <Fact name="Requested" value={formatPercent(requestedPercent)} />
        <Fact name="Observed, last 10 s" value={observedPercent === null ? 'no traffic' : formatPercent(observedPercent)} />
        <Fact name="rps" value={formatRate(stats.requestRate)} />
        <Fact name="Errors" value={formatPercent(stats.errorPercent)} />
        <Fact name="p95" value={formatMs(stats.p95Ms)} />
      </dl>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
