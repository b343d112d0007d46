'use client';

import { Button, Menu, TagsInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import type { SecurityChoices } from '@weft/agent/api/config-types';
import type { FieldValues } from './policy-document.ts';
import { RemoveButton } from './remove-button.tsx';
import classes from './security.module.css';

interface FieldsEditorProps {
  /** `source 0 of rule 1`. */
  readonly name: string;
  readonly fields: FieldValues;
  /** The fields there are, without their `not…` twins. */
  readonly known: readonly string[];
  readonly choices: SecurityChoices | undefined;
  /** `undefined` takes the field out. */
  readonly onSet: (field: string, values: readonly string[] | undefined) => void;
  readonly onRemove: () => void;
}

/** One source or operation: a row per field, all of which have to hold. */
export function FieldsEditor({ name, fields, known, choices, onSet, onRemove }: FieldsEditorProps) {
  const present = Object.keys(fields);
  const all = known.flatMap((field) => [field, negated(field)]);
  const missing = all.filter((field) => !present.includes(field));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring its own layout
    <div className={classes.entry} role="group" aria-label={name}>
      {Object.entries(fields).map(([field, values]) => (
        <div key={field} className={classes.field}>
          <span className={classes.fieldName}>{wordsOf(field)}</span>
          <TagsInput
            aria-label={`${field} of ${name}`}
            placeholder={values.length === 0 ? placeholders[plain(field)] : ''}
            data={suggestions(field, choices)}
            value={[...values]}
            onChange={(next) => onSet(field, next)}
            acceptValueOnBlur
            splitChars={[',', ' ']}
            clearable
          />
          <RemoveButton label={`Remove ${field} of ${name}`} onClick={() => onSet(field, undefined)} />
        </div>
      ))}
      <div className={classes.entryHead}>
        <Menu position="bottom-start">
          <Menu.Target>
            <Button variant="subtle" size="compact-xs" leftSection={<IconPlus size={12} aria-hidden />} aria-label={`Add field to ${name}`}>
              Add field
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {missing.map((field) => (
              <Menu.Item key={field} onClick={() => onSet(field, [])}>
                {field}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        <span className={classes.grow}>{present.length > 1 ? 'all of these' : ''}</span>
        <RemoveButton label={`Remove ${name}`} onClick={onRemove} />
      </div>
    </div>
  );
}

function negated(field: string): string {
  return `not${field.charAt(0).toUpperCase()}${field.slice(1)}`;
}

function plain(field: string): string {
  return field.startsWith('not') ? `${field.charAt(3).toLowerCase()}${field.slice(4)}` : field;
}

function wordsOf(field: string) {
  return field.startsWith('not') ? (
    <>
      <span className={classes.not}>not</span> {plain(field)}
    </>
  ) : (
    field
  );
}

const placeholders: Readonly<Record<string, string>> = {
  principals: 'cluster.local/ns/shop/sa/storefront',
  requestPrincipals: 'issuer/subject',
  namespaces: 'shop',
  serviceAccounts: 'shop/storefront',
  ipBlocks: '10.0.0.0/8',
  remoteIpBlocks: '203.0.113.0/24',
  hosts: 'api.example.com',
  ports: '8080',
  methods: 'GET',
  paths: '/orders/*',
};

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

function suggestions(field: string, choices: SecurityChoices | undefined): string[] {
  switch (plain(field)) {
    case 'principals':
      return [...new Set(choices?.workloads.map(({ principal }) => principal))].sort();
    case 'serviceAccounts':
      return [...new Set(choices?.workloads.map(({ principal }) => principal.replace(/^.*\/ns\/([^/]+)\/sa\//, '$1/')))].sort();
    case 'namespaces':
      return [...(choices?.namespaces ?? [])];
    case 'methods':
      return methods;
    default:
      return [];
  }
}
