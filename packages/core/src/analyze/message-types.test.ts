import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { documentationUrl, type MessageType, messageTypes } from './message-types.ts';

const entries = Object.entries(messageTypes) as readonly (readonly [MessageType, (typeof messageTypes)[MessageType]])[];

test('no two kinds of message have one code', () => {
  assert.equal(new Set(entries.map(([, { code }]) => code)).size, entries.length);
});

test('every code of our own is documented with its level and the code it has in Kiali', () => {
  const page = readFileSync(new URL('../../../../docs/messages.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| (WFT\d+) \| (\w+) \| (\w*)/gm)].map(([, code, level, kiali]) => [code, level, kiali]);
  const own = entries.filter(([, { code }]) => code.startsWith('WFT')).map(([, { code, level, kiali }]) => [code, level, kiali ?? '']);
  assert.deepEqual(documented, own);
});

test('every kind of message has a page that explains it', () => {
  assert.equal(documentationUrl('ReferencedResourceNotFound'), 'https://istio.io/latest/docs/reference/config/analysis/ist0101/');
  assert.match(documentationUrl('CompetingDestinationRules'), /^https:\/\/kiali\.io\/.*KIA0201$/);
  for (const [type] of entries) assert.ok(URL.canParse(documentationUrl(type)));
});
