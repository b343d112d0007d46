import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RevisionDetail } from '@weft/agent/api/config-types';
import { diffBetween } from './revision-diff.ts';

const revision = (id: number, changes: readonly { file: string; before: string; after: string }[]): RevisionDetail => ({
  id,
  at: 0,
  who: 'test',
  why: '',
  origin: 'console',
  files: changes.map(({ file }) => file),
  resources: { added: [], changed: [], removed: [] },
  reverts: null,
  changes: changes.map((change) => ({ ...change, diff: `diff of ${change.file}` })),
});

test('one revision shows the diff that the agent made', () => {
  assert.deepEqual(diffBetween([revision(3, [{ file: 'a.yaml', before: '1\n', after: '2\n' }])]), [
    { file: 'a.yaml', diff: 'diff of a.yaml' },
  ]);
});

test('several revisions show each file once, from its first state to its last, in whatever order they come', () => {
  const [diff] = diffBetween([
    revision(3, [{ file: 'a.yaml', before: '2\n', after: '3\n' }]),
    revision(2, [{ file: 'a.yaml', before: '1\n', after: '2\n' }]),
  ]);
  assert.match(diff?.diff ?? '', /^-1$/m);
  assert.match(diff?.diff ?? '', /^\+3$/m);
});

test('a change that was taken back shows nothing', () => {
  const there = revision(2, [{ file: 'a.yaml', before: '1\n', after: '2\n' }]);
  const back = revision(3, [{ file: 'a.yaml', before: '2\n', after: '1\n' }]);
  assert.deepEqual(diffBetween([there, back]), []);
});
