'use client';

import { Button, Checkbox, Popover, TextInput } from '@mantine/core';
import { IconChevronDown, IconHexagons, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { count } from '../../lib/format.ts';
import { useTRPC } from '../../lib/trpc.ts';
import { useNamespaces } from '../../lib/url-state.ts';
import classes from './top-bar.module.css';

/** Which namespaces the whole console shows. None chosen means all. */
export function NamespaceSelect() {
  const trpc = useTRPC();
  const [chosen, setChosen] = useNamespaces();
  const [needle, setNeedle] = useState('');
  const { data } = useQuery({ ...trpc.security.choices.queryOptions(), staleTime: 30_000 });
  const known = [...new Set([...(data?.namespaces ?? []), ...chosen])].sort();
  const shown = known.filter((name) => name.includes(needle.trim()));
  const toggle = (name: string) => {
    const next = chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name];
    void setChosen(next.length === 0 || next.length === known.length ? null : next.sort());
  };
  return (
    <Popover position="bottom-start" trapFocus onClose={() => setNeedle('')} transitionProps={{ duration: 80 }}>
      <Popover.Target>
        <Button
          variant="default"
          size="xs"
          className={classes.namespaces}
          leftSection={<IconHexagons size={15} aria-hidden />}
          rightSection={<IconChevronDown size={14} aria-hidden />}
          aria-label={`Namespaces: ${labelOf(chosen)}`}
        >
          {labelOf(chosen)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes.dropdown} aria-label="Choose namespaces">
        <TextInput
          aria-label="Find a namespace"
          placeholder="Find a namespace"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={needle}
          onChange={(event) => setNeedle(event.currentTarget.value)}
          data-autofocus
        />
        <div className={classes.options}>
          {needle === '' && (
            <Checkbox
              label="All namespaces"
              checked={chosen.length === 0}
              indeterminate={chosen.length > 0}
              onChange={() => void setChosen(null)}
            />
          )}
          {shown.map((name) => (
            <Checkbox key={name} label={name} checked={chosen.includes(name)} onChange={() => toggle(name)} />
          ))}
          {shown.length === 0 && (
            <div className={classes.none}>
              {known.length === 0 ? 'The agent has not told its namespaces yet.' : `No namespace contains “${needle}”.`}
            </div>
          )}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

function labelOf(chosen: readonly string[]): string {
  if (chosen.length === 0) return 'All namespaces';
  return chosen.length <= 2 ? chosen.join(', ') : count(chosen.length, 'namespace');
}
