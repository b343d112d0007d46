import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { TimerWheel } from './timer-wheel.ts';

test('timers fire once, in time, and not after they are cancelled', () => {
  mock.timers.enable({ apis: ['setInterval'] });
  let now = 1000;
  const wheel = new TimerWheel(() => now);
  const fired: string[] = [];
  const owner = { onTimer: (kind: string) => fired.push(`${kind}@${now}`) };
  const advance = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 10) {
      now += 10;
      mock.timers.tick(10);
    }
  };
  wheel.schedule(25, owner, 'short');
  wheel.schedule(6000, owner, 'long');
  const cancelled = wheel.schedule(50, owner, 'cancelled');
  advance(20);
  assert.deepEqual(fired, []);
  cancelled.cancel();
  advance(20);
  assert.deepEqual(fired, ['short@1030']);
  advance(5960);
  assert.deepEqual(fired, ['short@1030', 'long@7000']);
  wheel.schedule(10, owner, 'again');
  advance(20);
  assert.equal(fired.length, 3);
  mock.timers.reset();
});
