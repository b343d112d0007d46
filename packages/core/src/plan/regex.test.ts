import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRegex } from './regex.ts';

test('expressions match the whole text', () => {
  const regex = compileRegex('/api/v[0-9]+');
  assert.equal(regex?.matchesAll('/api/v12'), true);
  assert.equal(regex?.matchesAll('/api/v12/x'), false);
  assert.equal(regex?.matchesAll('x/api/v12'), false);
});

test('what RE2 lacks is not an expression', () => {
  for (const source of ['(?=a)', '(a)\\1', 'a**', '[', '(?<!x)y']) assert.equal(compileRegex(source), null, source);
});

test('RE2 and JavaScript agree on the expressions that run in JavaScript', () => {
  const texts = ['/a', '/a/b', '/aXb', '/a.b', '', 'a\nb', '/12', '/é', 'a b', '/a-b_c'];
  for (const source of ['/a.*', '/a.b', '.*', '/[0-9]+', 'a.b', '/a[-a-z_]*', '/\\d{2}', '\\/a']) {
    const forced = compileRegex(`(?:${source})`);
    const native = compileRegex(source);
    for (const text of texts) assert.equal(native?.matchesAll(text), forced?.matchesAll(text), `${source} on ${JSON.stringify(text)}`);
  }
});

test('a hostile expression takes linear time', () => {
  const regex = compileRegex('(a+)+$');
  const started = performance.now();
  assert.equal(regex?.matchesAll(`${'a'.repeat(5000)}b`), false);
  assert.ok(performance.now() - started < 1000);
});

test('replacements use backslash groups and leave dollars alone', () => {
  assert.equal(compileRegex('^/(a)/(b)')?.replaceAll('/a/b/c', '/\\2$1/\\1'), '/b$1/a/c');
});
