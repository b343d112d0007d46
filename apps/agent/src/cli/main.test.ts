import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const cache = fileURLToPath(new URL('../../../../node_modules/.cache/weft-compile', import.meta.url));

function weft(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  return { status, stdout, stderr };
}

test('wrong use says what is wrong in one line and ends with 2', () => {
  const cases: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [['frobnicate'], /unknown command frobnicate/],
    [['validate', '--nope'], /--nope/],
    [['agent', '--api-port', '99999999'], /--api-port: expected a port/],
    [['undo', 'seven'], /number of a revision/],
    [['apply'], /expected -f/],
  ];
  for (const [args, says] of cases) {
    const { status, stdout, stderr } = weft(...args);
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
});

test('an agent that does not answer is named, and the code is 3', () => {
  const { status, stderr } = weft('status', '--agent', 'http://127.0.0.1:1');
  assert.equal(status, 3);
  assert.match(stderr, /no agent answers at http:\/\/127\.0\.0\.1:1/);
});

test('help is on stdout, for all and for each', () => {
  assert.match(weft('--help').stdout, /analyze/);
  const { status, stdout } = weft('cert', 'issue', '--help');
  assert.equal(status, 0);
  assert.match(stdout, /--service-account/);
});
