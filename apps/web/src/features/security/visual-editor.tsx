'use client';

import { Button, Select, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '../../lib/trpc.ts';
import { actions, appendAt, type PolicyModel, setAt } from './policy-document.ts';
import { policySentence } from './policy-sentence.ts';
import { RuleEditor } from './rule-editor.tsx';
import classes from './security.module.css';
import { TargetSelect } from './target-select.tsx';

interface VisualEditorProps {
  readonly model: PolicyModel;
  readonly text: string;
  readonly isNew: boolean;
  readonly onText: (text: string) => void;
}

const actionWords = {
  ALLOW: 'ALLOW: only what a rule matches',
  DENY: 'DENY: whatever a rule matches',
  AUDIT: 'AUDIT: mark what a rule matches',
  CUSTOM: 'CUSTOM: ask an external authorizer',
} as const;

/** The policy as a form. Each edit goes into the YAML document, so comments and order stay. */
export function VisualEditor({ model, text, isNew, onText }: VisualEditorProps) {
  const trpc = useTRPC();
  const { data: choices } = useQuery(trpc.security.choices.queryOptions());
  return (
    <div className={classes.visual}>
      <div className={classes.sentence} aria-live="polite">
        {policySentence(model)}
      </div>
      <div className={classes.target}>
        {isNew && (
          <>
            <TextInput
              label="Name"
              value={model.name}
              onChange={(event) => onText(setAt(text, ['metadata', 'name'], event.currentTarget.value))}
            />
            <Select
              label="Namespace"
              searchable
              data={[...new Set([...(choices?.namespaces ?? []), model.namespace])].filter((name) => name !== '')}
              value={model.namespace}
              onChange={(value) => value !== null && onText(setAt(text, ['metadata', 'namespace'], value))}
            />
          </>
        )}
        <Select
          label="Action"
          data={actions.map((value) => ({ value, label: actionWords[value] }))}
          value={model.action}
          onChange={(value) => value !== null && onText(setAt(text, ['spec', 'action'], value))}
        />
        {model.action === 'CUSTOM' && (
          <TextInput
            label="Provider"
            description="An extension provider of MeshConfig"
            value={model.provider}
            onChange={(event) => onText(setAt(text, ['spec', 'provider', 'name'], event.currentTarget.value))}
          />
        )}
        <TargetSelect model={model} text={text} choices={choices} onText={onText} />
      </div>
      {model.rules.map((rule, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rules are known by their place, in the document as in messages
        <RuleEditor key={index} rule={rule} index={index} text={text} choices={choices} onText={onText} />
      ))}
      <div>
        <Button
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => onText(appendAt(text, ['spec', 'rules'], {}))}
        >
          Add rule
        </Button>
      </div>
    </div>
  );
}
