import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Convergence } from './config-types.ts';
import { type LiveApi, live } from './live.ts';
import { WeftError } from './weft-error.ts';

const scope = { namespaces: [], windowSeconds: 60, at: null };
const settled: Convergence = { revision: 7, at: 0, total: 2, acked: 2, nacked: 0, pending: 0, durationMs: 40, proxies: [] };
const convergence = { path: 'config.convergence' as const, input: { revision: null } };
const policies = { path: 'security.policies' as const, input: scope };
const rollout = { path: 'rollouts.detail' as const, input: { ...scope, id: 'shop/orders/http[0]' } };

test('every topic is answered at once, and after a beat only those that changed', async () => {
  let current = settled;
  const updates = live(agentWith({ readConvergence: () => current }), [convergence, policies], new AbortController().signal);
  assert.deepEqual((await updates.next()).value, [
    { topic: 0, path: 'config.convergence', data: settled },
    { topic: 1, path: 'security.policies', data: [] },
  ]);
  current = { ...settled, acked: 1, pending: 1 };
  assert.deepEqual((await updates.next()).value, [{ topic: 0, path: 'config.convergence', data: current }]);
});

test('a beat without a change is heard as an empty list', async () => {
  const updates = live(agentWith({}), [convergence, policies], new AbortController().signal);
  await updates.next();
  assert.deepEqual(await updates.next(), { done: false, value: [] });
});

test('a topic that is not there leaves the others alone, and is answered once it is there', async () => {
  let isThere = false;
  const readConvergence = (): Convergence => {
    if (isThere) return settled;
    throw new WeftError('NOT_FOUND', 'expected a revision, found none');
  };
  const updates = live(agentWith({ readConvergence }), [convergence, policies], new AbortController().signal);
  assert.deepEqual((await updates.next()).value, [{ topic: 1, path: 'security.policies', data: [] }]);
  isThere = true;
  assert.deepEqual((await updates.next()).value, [{ topic: 0, path: 'config.convergence', data: settled }]);
});

test('a programming mistake ends the stream', async () => {
  await assert.rejects(live(agentWith({}), [rollout], new AbortController().signal).next(), /not expected to be read/);
});

test('the stream ends when the reader leaves', async () => {
  const leave = new AbortController();
  const updates = live(agentWith({}), [convergence], leave.signal);
  await updates.next();
  leave.abort();
  assert.equal((await updates.next()).done, true);
});

/** An agent whose pulse beats whenever it is asked to. */
function agentWith(parts: Partial<LiveApi>): LiveApi {
  const unexpected = () => {
    throw new Error('not expected to be read');
  };
  return {
    readStatus: unexpected,
    readOverview: unexpected,
    readTopology: unexpected,
    listServices: unexpected,
    readService: unexpected,
    listRollouts: unexpected,
    readRollout: unexpected,
    listPolicies: () => [],
    readConvergence: () => settled,
    pulse: async function* (signal) {
      while (!signal.aborted) yield;
    },
    ...parts,
  };
}
