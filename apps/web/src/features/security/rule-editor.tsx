'use client';

import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import type { SecurityChoices } from '@weft/agent/api/config-types';
import type { ReactNode } from 'react';
import { ConditionEditor } from './condition-editor.tsx';
import { FieldsEditor } from './fields-editor.tsx';
import { appendAt, operationFields, type Path, type PolicyRule, setAt, sourceFields } from './policy-document.ts';
import { RemoveButton } from './remove-button.tsx';
import classes from './security.module.css';

interface RuleEditorProps {
  readonly rule: PolicyRule;
  readonly index: number;
  readonly text: string;
  readonly choices: SecurityChoices | undefined;
  readonly onText: (text: string) => void;
}

/** One rule: from whom, to what, under which conditions. */
export function RuleEditor({ rule, index, text, choices, onText }: RuleEditorProps) {
  const at: Path = ['spec', 'rules', index];
  const label = `rule ${index}`;
  return (
    <section className={classes.rule} aria-label={`Rule ${index}`}>
      <div className={classes.ruleHead}>
        <h3>Rule {index}</h3>
        <RemoveButton label={`Remove ${label}`} onClick={() => onText(setAt(text, at, undefined))} />
      </div>
      <Part
        title="From"
        note={rule.from.length === 0 ? 'any caller' : 'any of these callers'}
        addLabel="Add source"
        addName={`Add source to ${label}`}
        onAdd={() => onText(appendAt(text, [...at, 'from'], { source: { principals: [] } }))}
      >
        {rule.from.map((fields, entry) => (
          <FieldsEditor
            // biome-ignore lint/suspicious/noArrayIndexKey: entries are known by their place
            key={entry}
            name={`source ${entry} of ${label}`}
            fields={fields}
            known={sourceFields}
            choices={choices}
            onSet={(field, values) => onText(setAt(text, [...at, 'from', entry, 'source', field], values))}
            onRemove={() => onText(setAt(text, [...at, 'from', entry], undefined))}
          />
        ))}
      </Part>
      <Part
        title="To"
        note={rule.to.length === 0 ? 'any operation' : 'any of these operations'}
        addLabel="Add operation"
        addName={`Add operation to ${label}`}
        onAdd={() => onText(appendAt(text, [...at, 'to'], { operation: { methods: [] } }))}
      >
        {rule.to.map((fields, entry) => (
          <FieldsEditor
            // biome-ignore lint/suspicious/noArrayIndexKey: entries are known by their place
            key={entry}
            name={`operation ${entry} of ${label}`}
            fields={fields}
            known={operationFields}
            choices={choices}
            onSet={(field, values) => onText(setAt(text, [...at, 'to', entry, 'operation', field], values))}
            onRemove={() => onText(setAt(text, [...at, 'to', entry], undefined))}
          />
        ))}
      </Part>
      <Part
        title="When"
        note={rule.when.length === 0 ? 'always' : 'all of these hold'}
        addLabel="Add condition"
        addName={`Add condition to ${label}`}
        onAdd={() => onText(appendAt(text, [...at, 'when'], { key: 'request.headers[x-user]', values: [] }))}
      >
        {rule.when.map((condition, entry) => (
          <ConditionEditor
            // biome-ignore lint/suspicious/noArrayIndexKey: entries are known by their place
            key={entry}
            name={`condition ${entry} of ${label}`}
            condition={condition}
            onSet={(field, value) => onText(setAt(text, [...at, 'when', entry, field], value))}
            onRemove={() => onText(setAt(text, [...at, 'when', entry], undefined))}
          />
        ))}
      </Part>
    </section>
  );
}

interface PartProps {
  readonly title: string;
  readonly note: string;
  readonly addLabel: string;
  /** The accessible name: the label with the rule it adds to. */
  readonly addName: string;
  readonly onAdd: () => void;
  readonly children: ReactNode;
}

function Part({ title, note, addLabel, addName, onAdd, children }: PartProps) {
  return (
    <div className={classes.part}>
      <div className={classes.partHead}>
        <h4>
          {title} <span className={classes.note}>{note}</span>
        </h4>
        <Button variant="subtle" size="compact-xs" leftSection={<IconPlus size={12} aria-hidden />} aria-label={addName} onClick={onAdd}>
          {addLabel}
        </Button>
      </div>
      {children}
    </div>
  );
}
