import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type NewRevision, RevisionStore, type StoredChange } from './revision-store.ts';

const log = (): void => {};
const now = (): number => Date.UTC(2026, 0, 1);

function temporary(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'weft-store-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const revision = (changes: readonly StoredChange[]): NewRevision => ({
  at: now(),
  who: 'ann',
  why: 'because',
  origin: 'console',
  reverts: null,
  added: ['Service/a/b'],
  changed: [],
  removed: [],
  changes,
});

test('a revision is there with everything about it after the database was opened again', (context) => {
  const directory = temporary(context);
  const store = RevisionStore.open(directory, log, now);
  const id = store.append(revision([{ file: 'a.yaml', before: null, after: 'one' }]), { owed: false });
  const again = RevisionStore.open(directory, log, now);
  assert.deepEqual(again.read(id), { id, ...revision([{ file: 'a.yaml', before: null, after: 'one' }]) });
  assert.deepEqual([...again.readFiles()], [['a.yaml', 'one']]);
  assert.equal(again.latest(), id);
  store.close();
  again.close();
});

test('the files at an earlier revision are worked out from the changes since', (context) => {
  const store = RevisionStore.open(temporary(context), log, now);
  const first = store.append(revision([{ file: 'a.yaml', before: null, after: 'one' }]), { owed: false });
  store.append(
    revision([
      { file: 'a.yaml', before: 'one', after: 'two' },
      { file: 'b.yaml', before: null, after: 'b' },
    ]),
    { owed: false },
  );
  store.append(revision([{ file: 'a.yaml', before: 'two', after: null }]), { owed: false });
  assert.deepEqual([...store.filesAt(first)], [['a.yaml', 'one']]);
  assert.deepEqual([...store.readFiles()], [['b.yaml', 'b']]);
  store.close();
});

test('what a revision still owes to the directory is remembered until it is settled', (context) => {
  const store = RevisionStore.open(temporary(context), log, now);
  store.append(revision([{ file: 'a.yaml', before: null, after: 'one' }]), { owed: true });
  assert.deepEqual(store.readOwed(), [{ file: 'a.yaml', text: 'one' }]);
  store.settleOwed();
  assert.deepEqual(store.readOwed(), []);
  store.close();
});

test('a damaged database is moved aside, said so, and a new one begun', (context) => {
  const directory = temporary(context);
  writeFileSync(join(directory, 'weft.db'), 'this is no database, whatever its name says'.repeat(200));
  const lines: string[] = [];
  const store = RevisionStore.open(directory, (_, line) => lines.push(line), now);
  assert.equal(store.latest(), 0);
  assert.match(lines[0] ?? '', /damaged.*kept as/);
  assert.ok(readdirSync(directory).some((name) => name.startsWith('weft.db.damaged-')));
  store.close();
});

test('a data directory that cannot be used is named with its option', (context) => {
  const directory = temporary(context);
  writeFileSync(join(directory, 'file'), '');
  assert.throws(() => RevisionStore.open(join(directory, 'file', 'data'), log, now), /data directory .*--data/);
});
