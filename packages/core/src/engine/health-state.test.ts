import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHealthCheck } from '../plan/build-health-check.ts';
import type { HealthCheckPlan } from '../plan/cluster-plan.ts';
import { type CheckOutcome, HealthState } from './health-state.ts';

const good: CheckOutcome = { kind: 'success', isDegraded: false };
const failure = (cause: 'network' | 'active' | 'retriable' | 'passive'): CheckOutcome => ({ kind: 'failure', cause });
const plan: HealthCheckPlan = buildHealthCheck({
  timeout: '1s',
  interval: '10s',
  unhealthyInterval: '5s',
  unhealthyEdgeInterval: '1s',
  healthyEdgeInterval: '2s',
  noTrafficInterval: '60s',
  noTrafficHealthyInterval: '30s',
  unhealthyThreshold: 3,
  healthyThreshold: 2,
});
const never = () => 0;

test('the first result decides at once, later ones after their threshold', () => {
  const state = new HealthState();
  assert.deepEqual([state.isFailed, state.isUnchecked], [true, true]);
  assert.equal(state.apply(good, plan), true);
  assert.deepEqual([state.isFailed, state.isUnchecked], [false, false]);
  const seen = [1, 2, 3].map(() => state.apply(failure('network'), plan));
  assert.deepEqual([seen, state.isFailed], [[false, false, true], true]);
  assert.deepEqual([state.apply(good, plan), state.apply(failure('network'), plan), state.isFailed], [false, false, true]);
  assert.deepEqual([state.apply(good, plan), state.apply(good, plan), state.isFailed], [false, true, false]);
});

test('an answer that says no counts at once, one that may be repeated after the threshold', () => {
  for (const cause of ['active', 'passive'] as const) {
    const state = new HealthState();
    state.apply(good, plan);
    assert.equal(state.apply(failure(cause), plan), true);
  }
  const state = new HealthState();
  state.apply(good, plan);
  assert.deepEqual(
    [1, 2, 3].map(() => state.apply(failure('retriable'), plan)),
    [false, false, true],
  );
});

test('a success in between forgets failures, and degradation comes and goes', () => {
  const state = new HealthState();
  state.apply(good, plan);
  state.apply(failure('network'), plan);
  state.apply(failure('network'), plan);
  state.apply(good, plan);
  state.apply(failure('network'), plan);
  assert.equal(state.isFailed, false);
  assert.equal(state.apply({ kind: 'success', isDegraded: true }, plan), true);
  assert.equal(state.isDegraded, true);
  assert.equal(state.apply(good, plan), true);
});

test('the next check follows the interval of its state, slowly while the cluster has no traffic', () => {
  const state = new HealthState();
  state.apply(good, plan);
  const next = (hasTraffic = true) => state.nextDelayMs(plan, hasTraffic, never);
  assert.deepEqual([next(), next(false)], [10_000, 30_000]);
  state.apply(failure('network'), plan);
  assert.deepEqual([next(), next(false)], [1000, 60_000]);
  state.apply(failure('network'), plan);
  state.apply(failure('network'), plan);
  assert.equal(next(), 5000);
  state.apply(good, plan);
  assert.equal(next(), 2000);
});

test('jitter is added to the interval', () => {
  const jittery = buildHealthCheck({ timeout: '1s', interval: '10s', intervalJitter: '4s', intervalJitterPercent: 20 });
  const state = new HealthState();
  state.apply(good, jittery);
  assert.equal(
    state.nextDelayMs(jittery, true, () => 0.5),
    13_000,
  );
});
