import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readMeshSources } from '../resource/installation.ts';
import { parseYaml } from '../resource/parse.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import { validateMeshConfig, validateResource } from '../resource/validate.ts';
import { loadYaml } from '../resource/yaml.ts';
import { analyze, analyzerNames } from './analyze.ts';

const directory = join(import.meta.dirname, '../../../../demo/mesh');
const texts = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
const documents = texts
  .flatMap((text) => text.split(/^---$/m))
  .flatMap((text) => {
    const loaded = loadYaml(text);
    return loaded.ok && typeof loaded.value === 'object' && loaded.value !== null ? [loaded.value as Json] : [];
  });

type Json = { readonly [key: string]: unknown };

/** Parses, validates and analyses, and reads all that messages hold. */
function check(text: string, analyzer: string): void {
  const { resources } = parseYaml(text, 'mesh.yaml');
  for (const resource of resources) validateResource(resource);
  const set = createResourceSet(resources);
  const sources = readMeshSources(set);
  const options = { ...sources, now: 0, isPatchApplicable: () => false };
  const messages = [...analyze(set, options), ...analyze(set, { ...options, analyzers: [analyzer], clusters: { other: set } })];
  for (const { reference } of messages) assert.ok(reference.line >= 0);
}

/** One change to a text: what stands in a stretch of it is replaced, or written twice. */
const edit = fc.record({
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(40),
  replacement: fc.constantFrom(
    '',
    ' ',
    '  ',
    '\n',
    '- ',
    ': ',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '"',
    "'",
    '#',
    '|\n',
    '<<: ',
    '---\n',
    '\t',
    '!!str ',
    'null',
    '~',
    '0x',
    'y',
  ),
  isTwice: fc.boolean(),
});

test('no change to the text of a mesh makes parsing, validation or analysis throw', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...texts),
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...analyzerNames),
      (original, edits, analyzer) => {
        let text = original;
        for (const { place, length, replacement, isTwice } of edits) {
          const at = Math.floor(place * text.length);
          text = text.slice(0, at) + replacement + text.slice(isTwice ? at : at + length);
        }
        check(text, analyzer);
        validateMeshConfig(text);
      },
    ),
    { seed: 1, numRuns: 150 },
  );
});

const strange: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  '',
  '*',
  '~',
  '.',
  'a/b/c',
  '%',
  '(((',
  '{**}',
  '5s',
  '1.2.3.4/33',
  'unix://',
  '@request.auth.claims[',
  '__proto__',
  '\u0000',
  [],
  {},
  [null],
  [[]],
  [{}, {}],
  { toString: 1, valueOf: 1 },
  { constructor: { prototype: 1 } },
  JSON.parse('{"__proto__": {"a": 1}}'),
];

/** The value with what stands at a place, counted in the order written, replaced. */
function withReplaced(value: unknown, place: { left: number }, replacement: unknown): unknown {
  if (place.left-- === 0) return replacement;
  if (Array.isArray(value)) return value.map((item) => withReplaced(item, place, replacement));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withReplaced(field, place, replacement)]));
}

test('no value in place of another, whatever it is, makes the analysis of a mesh throw', () => {
  const change = fc.record({
    document: fc.nat(documents.length - 1),
    place: fc.integer({ min: 1, max: 60 }),
    value: fc.constantFrom(...strange),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 3, maxLength: 12 }), fc.constantFrom(...analyzerNames), (changes, analyzer) => {
      const changed = [...documents] as unknown[];
      for (const { document, place, value } of changes) changed[document] = withReplaced(changed[document], { left: place }, value);
      check(changed.map((document) => JSON.stringify(document)).join('\n---\n'), analyzer);
    }),
    { seed: 1, numRuns: 250 },
  );
});
