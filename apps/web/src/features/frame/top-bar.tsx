'use client';

import { ActionIcon, Kbd, Select, Tooltip, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { spotlight } from '@mantine/spotlight';
import { IconClock, IconMoon, IconPlayerPause, IconRefresh, IconSearch, IconSun } from '@tabler/icons-react';
import { useAgentState } from '../../lib/agent-state.ts';
import { type RefreshChoice, refreshChoices, type TimeRange, timeRanges, useRefresh, useTimeRange } from '../../lib/url-state.ts';
import { NamespaceSelect } from './namespace-select.tsx';
import classes from './top-bar.module.css';

const refreshLabels: Readonly<Record<RefreshChoice, string>> = {
  live: 'Live',
  '5s': 'Every 5 s',
  '10s': 'Every 10 s',
  '30s': 'Every 30 s',
  paused: 'Paused',
};

export function TopBar() {
  return (
    <header className={classes.bar}>
      <NamespaceSelect />
      <RangeSelect />
      <RefreshSelect />
      <div className={classes.space} />
      <UnstyledButton className={classes.search} onClick={spotlight.open} aria-keyshortcuts="Control+K">
        <IconSearch size={15} aria-hidden />
        <span className={classes.searchText}>Jump to…</span>
        <Kbd size="xs">Ctrl K</Kbd>
      </UnstyledButton>
      <ThemeSwitch />
    </header>
  );
}

function RangeSelect() {
  const [range, setRange] = useTimeRange();
  return (
    <Select
      aria-label="Time range"
      className={classes.range}
      leftSection={<IconClock size={15} aria-hidden />}
      data={timeRanges.map((value) => ({ value, label: `Last ${value}` }))}
      value={range}
      onChange={(value) => void setRange(value as TimeRange)}
      withCheckIcon={false}
    />
  );
}

function RefreshSelect() {
  const [refresh, setRefresh] = useRefresh();
  const { link } = useAgentState();
  const icon = refresh === 'paused' ? <IconPlayerPause size={15} aria-hidden /> : <IconRefresh size={15} aria-hidden />;
  return (
    <Select
      aria-label="Refresh"
      className={classes.refresh}
      leftSection={refresh === 'live' ? <span className={classes.pulse} data-link={link} aria-hidden /> : icon}
      data={refreshChoices.map((value) => ({ value, label: refreshLabels[value] }))}
      value={refresh}
      onChange={(value) => void setRefresh(value as RefreshChoice)}
      withCheckIcon={false}
    />
  );
}

function ThemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: true });
  const next = scheme === 'dark' ? 'light' : 'dark';
  const label = `Switch to the ${next} theme`;
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size={30} aria-label={label} onClick={() => setColorScheme(next)} className={classes.theme}>
        {scheme === 'dark' ? <IconSun size={18} stroke={1.6} /> : <IconMoon size={18} stroke={1.6} />}
      </ActionIcon>
    </Tooltip>
  );
}
