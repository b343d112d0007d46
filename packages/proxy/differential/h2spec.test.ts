import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { findH2spec } from './h2spec.ts';
import { startOurs, stopSides } from './sides.ts';

const h2spec = findH2spec();

test('h2spec finds nothing wrong with how Weft serves HTTP/2', {
  skip: h2spec === null ? 'no h2spec at hand: set WEFT_H2SPEC or install a Go toolchain' : false,
  timeout: 60_000,
}, async () => {
  const ours = await startOurs();
  try {
    const args = ['-h', '127.0.0.1', '-p', String(ours.ports.listeners.h2spec ?? 0), '-o', '5'];
    const { stdout } = await promisify(execFile)(h2spec ?? '', args).catch((error: { stdout: string }) => error);
    assert.match(stdout, /(\d+) tests, \1 passed, 0 skipped, 0 failed/, stdout.slice(stdout.indexOf('Failures:')));
  } finally {
    await stopSides([ours]);
  }
});
