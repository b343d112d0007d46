import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRetryPolicy } from '../plan/build-route-action.ts';
import { requestOf } from './facts-for-test.ts';
import { retryPolicyOf } from './retry-policy.ts';

const policy = buildRetryPolicy({ retryOn: 'gateway-error', numRetries: 2 });
const asking = (headers: Readonly<Record<string, string>>, isInternal = true) => requestOf({ headers, isInternal });

test('only internal requests may ask for retries', () => {
  const headers = { 'x-envoy-retry-on': '5xx, reset', 'x-envoy-max-retries': '4' };
  assert.equal(retryPolicyOf(policy, asking(headers, false)), policy);
  assert.equal(retryPolicyOf(null, asking(headers, false)), null);
  const asked = retryPolicyOf(policy, asking(headers));
  assert.deepEqual([asked?.on, asked?.attempts], [['gateway-error', '5xx', 'reset'], 4]);
});

test('a number of retries alone asks for none', () => {
  assert.equal(retryPolicyOf(null, asking({ 'x-envoy-max-retries': '4' })), null);
});

test('a policy for requests with a header does not count for others, whatever they ask for', () => {
  const narrow = buildRetryPolicy({ retryOn: '5xx', retriableRequestHeaders: [{ name: 'x-retry', presentMatch: true }] });
  assert.equal(retryPolicyOf(narrow, asking({ 'x-envoy-retry-on': 'reset' })), null);
  assert.equal(retryPolicyOf(narrow, asking({ 'x-retry': '' }, false)), narrow);
});
