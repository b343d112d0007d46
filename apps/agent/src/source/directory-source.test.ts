import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DirectorySource } from './directory-source.ts';
import type { SourceState } from './source.ts';

interface Watched {
  readonly source: DirectorySource;
  readonly directory: string;
  readonly states: SourceState[];
  /** Resolves with the first state, from now on or already seen, that the test is about. */
  until(holds: (state: SourceState) => boolean): Promise<SourceState>;
}

async function watched(context: TestContext, files: Readonly<Record<string, string>>): Promise<Watched> {
  const root = mkdtempSync(join(tmpdir(), 'weft-source-'));
  const directory = join(root, 'mesh');
  mkdirSync(directory);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const source = new DirectorySource(directory, Date.now);
  const states: SourceState[] = [];
  let wake: () => void = () => {};
  states.push(
    await source.start((state) => {
      states.push(state);
      wake();
    }),
  );
  context.after(() => {
    source.stop();
    rmSync(root, { recursive: true, force: true });
  });
  const until = async (holds: (state: SourceState) => boolean): Promise<SourceState> => {
    for (;;) {
      const last = states.at(-1);
      if (last && holds(last)) return last;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { source, directory, states, until };
}

test('the first state holds every YAML and JSON file, and no leftovers of editors', async (context) => {
  const { states } = await watched(context, { 'a.yaml': 'a', 'b.json': '{}', '.a.yaml.swp': 'x', 'a.yaml~': 'x', 'notes.txt': 'x' });
  assert.deepEqual(
    [...(states[0]?.files ?? [])],
    [
      ['a.yaml', 'a'],
      ['b.json', '{}'],
    ],
  );
});

test('a file that is saved by writing another and renaming it is never missing in between', async (context) => {
  const { directory, states, until } = await watched(context, { 'a.yaml': 'one' });
  rmSync(join(directory, 'a.yaml'));
  writeFileSync(join(directory, 'a.yaml.tmp'), 'two');
  renameSync(join(directory, 'a.yaml.tmp'), join(directory, 'a.yaml'));
  await until(({ files }) => files.get('a.yaml') === 'two');
  assert.ok(states.every(({ files }) => files.has('a.yaml')));
});

test('a file is in force within a second', async (context) => {
  const { directory, until } = await watched(context, { 'a.yaml': 'one' });
  const startedAt = performance.now();
  writeFileSync(join(directory, 'new.yaml'), 'new');
  await until(({ files }) => files.get('new.yaml') === 'new');
  assert.ok(performance.now() - startedAt < 1_000);
});

test('a file that is emptied and filled again is not read empty', async (context) => {
  const { directory, states, until } = await watched(context, { 'a.yaml': 'one' });
  writeFileSync(join(directory, 'a.yaml'), '');
  writeFileSync(join(directory, 'a.yaml'), 'two');
  await until(({ files }) => files.get('a.yaml') === 'two');
  assert.ok(states.every(({ files }) => files.get('a.yaml') !== ''));
});

test('when the directory vanishes the last files stay, with a problem, and it is taken up again when it returns', async (context) => {
  const { directory, until } = await watched(context, { 'a.yaml': 'one' });
  renameSync(directory, `${directory}-away`);
  const gone = await until(({ problems }) => problems.length > 0);
  assert.equal(gone.files.get('a.yaml'), 'one');
  assert.match(gone.problems[0]?.message ?? '', /does not exist/);
  mkdirSync(directory);
  writeFileSync(join(directory, 'a.yaml'), 'two');
  const back = await until(({ files }) => files.get('a.yaml') === 'two');
  assert.deepEqual(back.problems, []);
});

test('a file that is not text keeps its last content, with a problem that names it', async (context) => {
  const { directory, until } = await watched(context, { 'a.yaml': 'one' });
  writeFileSync(join(directory, 'a.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
  const state = await until(({ problems }) => problems.length > 0);
  assert.equal(state.files.get('a.yaml'), 'one');
  assert.deepEqual(
    state.problems.map(({ file }) => file),
    ['a.yaml'],
  );
});

test('what was written through the source is known at once, whatever else changes', async (context) => {
  const { source, directory, states, until } = await watched(context, { 'a.yaml': 'one', 'b.yaml': 'one' });
  source
    .prepare([
      { file: 'new.yaml', text: 'new' },
      { file: 'b.yaml', text: null },
    ])
    .commit();
  writeFileSync(join(directory, 'a.yaml'), 'two');
  await until(({ files }) => files.get('a.yaml') === 'two');
  assert.ok(states.slice(1).every(({ files }) => files.get('new.yaml') === 'new' && !files.has('b.yaml')));
});

test('nothing is visible of a change that was prepared and discarded, and nothing outside the directory is written', async (context) => {
  const { source } = await watched(context, { 'a.yaml': 'one' });
  source.prepare([{ file: 'a.yaml', text: 'two' }]).discard();
  assert.equal(source.read('a.yaml'), 'one');
  assert.throws(() => source.prepare([{ file: '../elsewhere.yaml', text: 'x' }]), /outside/);
});
