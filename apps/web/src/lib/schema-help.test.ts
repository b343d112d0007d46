import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindSchemas } from '@weft/core/resource/kind-schemas';
import { helpAt, suggestAt } from './schema-help.ts';

const text = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: a
spec:
  host: a
  trafficPolicy:
    tls:
      mode: 
      
  subsets:
    - na
`;

const labels = (line: number, column: number) => suggestAt(text, line, column, kindSchemas).map(({ label }) => label);

test('fields of the mapping at the cursor are suggested', () => {
  assert.ok(labels(9, 6).includes('credentialName'));
  assert.ok(labels(11, 8).includes('name'));
  assert.ok(labels(11, 8).includes('labels'));
});

test('values of an enumeration are suggested behind the colon', () => {
  assert.deepEqual([...labels(8, 12)].sort(), ['DISABLE', 'ISTIO_MUTUAL', 'MUTUAL', 'SIMPLE']);
});

test('kinds come from the schemas there are', () => {
  const kinds = suggestAt('kind: ', 0, 6, kindSchemas).map(({ label }) => label);
  assert.ok(kinds.includes('VirtualService') && kinds.includes('AuthorizationPolicy'));
});

test('a list is begun with its dash, an object with its indentation', () => {
  const insert = suggestAt('kind: VirtualService\nspec:\n  ', 2, 2, kindSchemas).find(({ label }) => label === 'http')?.insert;
  assert.equal(insert, 'http:\n    - $0');
});

test('hovering a field tells its path, type and meaning', () => {
  const help = helpAt(text, 8, 8, kindSchemas);
  assert.equal(help?.title, 'spec.trafficPolicy.tls.mode');
  assert.match(help?.type ?? '', /ISTIO_MUTUAL/);
  assert.equal(helpAt(text, 3, 3, kindSchemas)?.title, 'metadata.name');
});

test('unknown kinds have no help, and nothing breaks', () => {
  assert.deepEqual(suggestAt('kind: Unknown\nspec:\n  ', 2, 2, kindSchemas), []);
  assert.equal(helpAt('kind: Unknown\nspec:\n  a: 1\n', 2, 3, kindSchemas), null);
});
