import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeepAlive } from './keep-alive.ts';

test('what the host announces is kept to, with a margin', () => {
  const keepAlive = new KeepAlive();
  assert.equal(keepAlive.safeIdleMs(0), Number.POSITIVE_INFINITY);
  keepAlive.onAnnounced(5000, 0);
  assert.equal(keepAlive.safeIdleMs(0), 4000);
  keepAlive.onAnnounced(0, 1);
  assert.equal(keepAlive.safeIdleMs(1), 4000);
});

test('two connections closed after the same idle time are a rule, different times are none', () => {
  const keepAlive = new KeepAlive();
  keepAlive.onClosedIdle(9000, 0);
  keepAlive.onClosedIdle(2000, 1);
  assert.equal(keepAlive.isKnown, false);
  keepAlive.onClosedIdle(2100, 2);
  assert.equal(keepAlive.safeIdleMs(2), 1600);
});

test('connections that a restart closes at once teach nothing', () => {
  const keepAlive = new KeepAlive();
  for (let i = 0; i < 5; i++) keepAlive.onClosedIdle(10, i);
  assert.equal(keepAlive.isKnown, false);
});

test('what was learned is forgotten in time', () => {
  const keepAlive = new KeepAlive();
  keepAlive.onAnnounced(5000, 0);
  assert.equal(keepAlive.safeIdleMs(11 * 60_000), Number.POSITIVE_INFINITY);
});
