'use client';

import { Select } from '@mantine/core';
import type { SecurityChoices } from '@weft/agent/api/config-types';
import { type PolicyModel, setAt } from './policy-document.ts';

interface TargetSelectProps {
  readonly model: PolicyModel;
  readonly text: string;
  readonly choices: SecurityChoices | undefined;
  readonly onText: (text: string) => void;
}

/** Which workloads the policy guards: all of its namespace, or those of one app. */
export function TargetSelect({ model, text, choices, onText }: TargetSelectProps) {
  const apps = (choices?.workloads ?? [])
    .filter(({ namespace }) => namespace === model.namespace)
    .flatMap(({ labels }) => (labels.app === undefined ? [] : [labels.app]));
  const current =
    model.selector === null
      ? ''
      : Object.entries(model.selector)
          .map(([name, value]) => `${name}=${value}`)
          .join(', ');
  const options = [...new Set([...apps.map((app) => `app=${app}`), current])].filter((option) => option !== '').sort();
  const choose = (value: string | null) => {
    if (value === null || value === current) return;
    onText(setAt(text, ['spec', 'selector'], value === '' ? undefined : { matchLabels: labelsOf(value) }));
  };
  return (
    <Select
      label="Guards"
      searchable
      data={[
        { value: '', label: 'every workload of the namespace' },
        ...options.map((value) => ({ value, label: value.replace(/^app=/, '') })),
      ]}
      value={current}
      onChange={choose}
    />
  );
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(text.split(', ').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}
