import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { InputError } from './command.ts';
import { run } from './validate.ts';

const broken = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a}
spec:
  hosts: [a]
  http:
  - route:
    - destination: {host: a}
      weight: -1
---
kind: [
---
apiVersion: v1
kind: Service
metadata: {name: b, namespace: ns}
`;

test('results name the document, the field and its place, in order', async (context) => {
  const { status, stdout } = await validate(context, ['-o', 'json'], broken);
  const { results } = JSON.parse(stdout) as { results: Record<string, unknown>[] };
  assert.equal(status, 0);
  assert.deepEqual(
    results.map(({ index, kind, namespace, name, valid }) => [index, kind, namespace, name, valid]),
    [
      [0, 'VirtualService', 'default', 'a', false],
      [1, '', '', '', false],
      [2, 'Service', 'ns', 'b', true],
    ],
  );
  const [error] = (results[0]?.errors ?? []) as Record<string, unknown>[];
  assert.deepEqual([error?.path, error?.source, error?.line, error?.column], ['spec.http[0].route[0].weight', 'semantic', 9, 7]);
});

test('text output is for people and fails on findings, JSON only when asked to', async (context) => {
  const text = await validate(context, [], broken);
  assert.equal(text.status, 1);
  assert.match(text.stdout, /input\.yaml:9:7: error: VirtualService default\/a: spec\.http\[0\]\.route\[0\]\.weight: /);
  assert.match(text.stdout, /1 valid, 2 invalid\n$/);
  assert.equal((await validate(context, ['-o', 'json', '--fail'], broken)).status, 1);
});

test('a batch answers one line for each request', async (context) => {
  const requests = [{ yaml: 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n', file: 'x.yaml' }, { nothing: true }];
  const { stdout } = await validate(context, ['--batch'], '', requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
  const [first, second, ...rest] = stdout.split('\n');
  assert.equal(JSON.parse(first ?? '').results[0].file, 'x.yaml');
  assert.match(JSON.parse(second ?? '').error, /expected/);
  assert.deepEqual(rest, ['']);
});

test('a file that cannot be read is a failure of the command', async () => {
  await assert.rejects(run(['-f', '/does/not/exist.yaml'], io('', [])), InputError);
});

async function validate(context: TestContext, args: readonly string[], text: string, stdin = '') {
  const directory = mkdtempSync(join(tmpdir(), 'validate-'));
  context.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'input.yaml'), text);
  const written: string[] = [];
  const files = args.includes('--batch') ? [] : ['-f', 'input.yaml'];
  const status = await run([...files, ...args], io(stdin, written, directory));
  return { status, stdout: written.join('') };
}

function io(stdin: string, written: string[], cwd = '/') {
  return {
    stdin: (async function* () {
      yield stdin;
    })(),
    stdout: { write: (text: string) => written.push(text) },
    stderr: { write: () => true },
    cwd,
  };
}
