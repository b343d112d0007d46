import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalizePath, type PathRules } from './normalize-path.ts';

const none: PathRules = { normalizePath: false, mergeSlashes: false, escapedSlashes: 'KEEP_UNCHANGED' };
const base: PathRules = { ...none, normalizePath: true };
const full: PathRules = { normalizePath: true, mergeSlashes: true, escapedSlashes: 'UNESCAPE_AND_FORWARD' };

test('dot segments, backslashes and needless escapes are undone, reserved escapes stay as written', () => {
  const table: Readonly<Record<string, string>> = {
    '/a/../b': '/b',
    '/a/./b/.': '/a/b/',
    '/a/b/..': '/a/',
    '/../../etc': '/etc',
    '/%2e%2E/x': '/x',
    '/a\\b': '/a/b',
    '/%61%2f%5Cb': '/a%2f%5Cb',
    '/a//b': '/a//b',
    '/a?x=/../y%61': '/a?x=/../y%61',
  };
  for (const [path, wanted] of Object.entries(table)) assert.deepEqual(normalizePath(path, base), { kind: 'path', path: wanted }, path);
});

test('escaped slashes are unescaped, merged or refused as configured', () => {
  assert.deepEqual(normalizePath('/a%2Fb%5cc//d', full), { kind: 'path', path: '/a/b/c/d' });
  assert.deepEqual(normalizePath('/a%2Fb', { ...full, escapedSlashes: 'UNESCAPE_AND_REDIRECT' }), { kind: 'redirect', path: '/a/b' });
  assert.deepEqual(normalizePath('/a%2Fb', { ...full, escapedSlashes: 'REJECT_REQUEST' }), { kind: 'reject' });
});

test('merged slashes leave one between segments, and a path of slashes its first and last', () => {
  const merging: PathRules = { ...base, mergeSlashes: true };
  const table: Readonly<Record<string, string>> = { '//': '//', '///': '//', '/': '/', '//a': '/a', '/a//': '/a/', '///?x//y': '//?x//y' };
  for (const [path, wanted] of Object.entries(table)) assert.deepEqual(normalizePath(path, merging), { kind: 'path', path: wanted }, path);
});

test('an escaped NUL is refused and a fragment is cut off', () => {
  assert.deepEqual(normalizePath('/a%00', base), { kind: 'reject' });
  assert.deepEqual(normalizePath('/a#b?c', none), { kind: 'path', path: '/a' });
});

test('without rules a path stays as it is', () => {
  assert.deepEqual(normalizePath('/a/../b//c%2f', none), { kind: 'path', path: '/a/../b//c%2f' });
});
