import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalOf } from './request-guard.ts';

const guarded = (headers: Record<string, string>, extra: readonly string[] = []) => refusalOf(new Headers(headers), extra);

test('a request of the console itself passes', () => {
  assert.equal(guarded({ host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3000' }), null);
  assert.equal(guarded({ host: 'localhost:3000' }), null);
  assert.equal(guarded({ host: '[::1]:3000' }), null);
});

test('a page of another origin is refused', () => {
  assert.match(guarded({ host: '127.0.0.1:3000', origin: 'http://evil.example' }) ?? '', /origin/);
  assert.match(guarded({ host: '127.0.0.1:3000', origin: 'http://127.0.0.1:8080' }) ?? '', /origin/);
  assert.match(guarded({ host: '127.0.0.1:3000', origin: 'null' }) ?? '', /origin/);
});

test('a name that was rebound to loopback is refused unless it is listed', () => {
  assert.match(guarded({ host: 'rebound.example:3000' }) ?? '', /WEFT_CONSOLE_HOSTS/);
  assert.equal(guarded({ host: 'mesh.example:3000' }, ['mesh.example']), null);
});
