'use client';

import { Autocomplete, TagsInput } from '@mantine/core';
import type { Condition } from './policy-document.ts';
import { RemoveButton } from './remove-button.tsx';
import classes from './security.module.css';

const keys = [
  'request.headers[x-user]',
  'request.auth.claims[group]',
  'request.auth.principal',
  'request.auth.audiences',
  'request.auth.presenter',
  'source.ip',
  'remote.ip',
  'source.namespace',
  'source.principal',
  'source.serviceAccount',
  'destination.ip',
  'destination.port',
  'connection.sni',
];

interface ConditionEditorProps {
  readonly name: string;
  readonly condition: Condition;
  readonly onSet: (field: 'key' | 'values' | 'notValues', value: string | readonly string[] | undefined) => void;
  readonly onRemove: () => void;
}

/** One condition: a key, and the values it may or may not have. */
export function ConditionEditor({ name, condition, onSet, onRemove }: ConditionEditorProps) {
  const set = (field: 'values' | 'notValues', values: readonly string[]) => onSet(field, values.length === 0 ? undefined : values);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own layout
    <div className={classes.entry} role="group" aria-label={name}>
      <div className={classes.condition}>
        <Autocomplete size="xs" aria-label={`key of ${name}`} data={keys} value={condition.key} onChange={(value) => onSet('key', value)} />
        <RemoveButton label={`Remove ${name}`} onClick={onRemove} />
      </div>
      <div className={classes.field}>
        <span className={classes.fieldName}>values</span>
        <TagsInput
          aria-label={`values of ${name}`}
          value={[...condition.values]}
          onChange={(values) => set('values', values)}
          acceptValueOnBlur
        />
        <span />
      </div>
      <div className={classes.field}>
        <span className={classes.fieldName}>
          <span className={classes.not}>not</span> values
        </span>
        <TagsInput
          aria-label={`notValues of ${name}`}
          value={[...condition.notValues]}
          onChange={(values) => set('notValues', values)}
          acceptValueOnBlur
        />
        <span />
      </div>
    </div>
  );
}
