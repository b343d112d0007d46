import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editFields } from './edit-yaml.ts';

test('only the characters of the value change', () => {
  const text =
    'spec:\n  # how much\n  route:\n  - { destination: {host: a},   weight: 90 } # v1\n  - weight: "10"\n    destination: {host: b}\n';
  const edited = editFields(text, [
    { path: ['spec', 'route', 0, 'weight'], value: 5 },
    { path: ['spec', 'route', 1, 'weight'], value: 95 },
  ]);
  assert.equal(edited, text.replace('90', '5').replace('"10"', '95'));
});

test('a field that is missing is added, and comments stay', () => {
  const edited = editFields('spec:\n  route:\n    # the only one\n    - destination:\n        host: a\n', [
    { path: ['spec', 'route', 0, 'weight'], value: 100 },
  ]);
  assert.match(edited, /# the only one/);
  assert.match(edited, /weight: 100/);
});

test('text that is no YAML is refused', () => {
  assert.throws(() => editFields('a: [', [{ path: ['a'], value: 1 }]), /not valid YAML/);
});
