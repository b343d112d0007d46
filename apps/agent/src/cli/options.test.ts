import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { parseCheckOptions, readInputs, runBatch } from './options.ts';

function io(context: TestContext, input: readonly string[] = []): CommandIo & { readonly out: string[] } {
  const cwd = mkdtempSync(join(tmpdir(), 'weft-cli-'));
  context.after(() => rmSync(cwd, { recursive: true }));
  const out: string[] = [];
  const stdin = (async function* () {
    yield* input;
  })();
  return { stdin, stdout: { write: (text) => out.push(text) }, stderr: { write: () => {} }, cwd, out };
}

test('shared options are read, and wrong ones refused', () => {
  const options = parseCheckOptions(['-f', 'a', '-f', 'b', '-n', 'shop', '-o', 'json', 'rest']);
  assert.deepEqual([options.files, options.namespace, options.output, options.positionals], [['a', 'b'], 'shop', 'json', ['rest']]);
  assert.throws(() => parseCheckOptions(['-o', 'xml']), UsageError);
  assert.throws(() => parseCheckOptions(['--unknown']), UsageError);
});

test('a directory gives its YAML and JSON of all levels, sorted, under the names as given', async (context) => {
  const host = io(context);
  mkdirSync(join(host.cwd, 'd/sub'), { recursive: true });
  for (const name of ['d/b.yaml', 'd/a.yml', 'd/sub/c.json', 'd/notes.txt']) writeFileSync(join(host.cwd, name), name);
  assert.deepEqual(
    (await readInputs(['d'], host)).map(({ file }) => file),
    ['d/a.yml', 'd/b.yaml', 'd/sub/c.json'],
  );
  await assert.rejects(readInputs(['none'], host), InputError);
});

test('a batch answers line by line in order, and goes on after a bad line', async (context) => {
  const host = io(context, ['{"n":1}\nnot json\n', '{"n":', '3}\n\n{"n":4}']);
  await runBatch(host, (request) => {
    const { n } = request as { n: number };
    if (n === 4) throw new Error('four');
    return { n };
  });
  const answers = host.out.map((line) => JSON.parse(line));
  assert.deepEqual([answers[0], answers[2], answers[3]], [{ n: 1 }, { n: 3 }, { error: 'four' }]);
  assert.match(answers[1].error, /not a JSON request/);
});
