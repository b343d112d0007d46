import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CircuitBreakerPlan } from '@weft/core/plan/cluster-plan';
import { createSharedMemory, SharedTable } from '../io/shared-table.ts';
import { SharedBreaker } from './shared-breaker.ts';

const limits: CircuitBreakerPlan = {
  maxConnections: 2,
  maxPendingRequests: 1,
  maxRequests: 10,
  maxRetries: 1,
  maxConnectionPools: 4_294_967_295,
  perHostMaxConnections: 4_294_967_295,
  retryBudget: null,
  trackRemaining: false,
};

function pair(of: CircuitBreakerPlan = limits) {
  const memory = createSharedMemory(2, 16);
  const tables = [new SharedTable(memory, 0), new SharedTable(memory, 1)] as const;
  const [one, two] = [new SharedBreaker(of, tables[0], () => 'x'), new SharedBreaker(of, tables[1], () => 'x')];
  return { one, two, tables };
}

test('a limit holds for both threads together', () => {
  const { one, two } = pair();
  one.connections++;
  two.connections++;
  assert.deepEqual([one.mayConnect, two.mayConnect], [false, false]);
  assert.equal(one.counts().connections, 2);
  two.connections--;
  assert.deepEqual([one.mayConnect, two.mayConnect, one.connections, two.connections], [true, true, 1, 0]);
});

test('a thread that crashed gives back what it had under way', () => {
  const { one, two, tables } = pair();
  two.connections += 2;
  assert.equal(one.mayConnect, false);
  tables[0].forget(1);
  assert.equal(one.mayConnect, true);
});

test('a retry budget is a share of what all threads have under way', () => {
  const { one, two } = pair({ ...limits, retryBudget: { budgetPercent: 25, minRetryConcurrency: 0 } });
  two.requests += 7;
  one.retries++;
  assert.equal(one.mayRetry, false);
  two.pending++;
  assert.equal(one.mayRetry, true);
});

test('a closed breaker lets its row go once nothing is under way', () => {
  const { one, two } = pair();
  one.requests++;
  one.close();
  two.connections++;
  two.close();
  assert.equal(two.mayConnect, true, 'one other connection is free');
  one.requests--;
  two.connections--;
  const again = pair();
  assert.equal(again.one.counts().connections, 0);
});

test('what was under way before a limit came counts against it', () => {
  const none = 4_294_967_295;
  const { one, two } = pair({ ...limits, maxConnections: none, maxPendingRequests: none, maxRequests: none, maxRetries: none });
  one.connections += 2;
  assert.equal(two.mayConnect, true);
  one.limits = limits;
  two.limits = limits;
  assert.equal(two.mayConnect, false);
  one.connections -= 2;
  assert.equal(two.mayConnect, true);
});
