import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalOf } from './request-guard.ts';

test('only names of this computer, and only pages of the agent or the console', () => {
  const console = 'http://127.0.0.1:3000';
  const cases: readonly (readonly [host: string | undefined, origin: string | undefined, taken: boolean])[] = [
    ['127.0.0.1:15014', undefined, true],
    ['localhost:15014', undefined, true],
    ['[::1]:15014', undefined, true],
    ['LOCALHOST', undefined, true],
    ['evil.example:15014', undefined, false],
    ['127.0.0.1.evil.example', undefined, false],
    [undefined, undefined, false],
    ['127.0.0.1:15014', console, true],
    ['127.0.0.1:15014', 'http://127.0.0.1:15014', true],
    ['127.0.0.1:15014', 'http://evil.example', false],
    ['127.0.0.1:15014', 'null', false],
  ];
  for (const [host, origin, taken] of cases) {
    const headers = { ...(host === undefined ? {} : { host }), ...(origin === undefined ? {} : { origin }) };
    assert.equal(refusalOf({ headers }, [console]) === null, taken, `${host} ${origin}`);
  }
});
