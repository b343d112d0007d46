import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RetryPolicyPlan } from '@weft/core/plan/route-plan';
import { FieldHeaders } from './headers.ts';
import { backoffMs, type TryOutcome } from './retry.ts';

const policy: RetryPolicyPlan = {
  on: ['5xx'],
  attempts: 3,
  perTryTimeoutMs: null,
  perTryIdleTimeoutMs: null,
  retriableStatusCodes: [],
  retriableHeaders: [],
  retriableRequestHeaders: [],
  backoffBaseMs: 25,
  backoffMaxMs: 100,
  rateLimitedBackoff: {
    headers: [
      { name: 'retry-after', format: 'SECONDS' },
      { name: 'x-reset', format: 'UNIX_TIMESTAMP' },
    ],
    maxMs: 60_000,
  },
  hostSelectionMaxAttempts: 1,
  avoidPreviousHosts: false,
  omitHostMetadata: [],
  previousPrioritiesUpdateFrequency: null,
};
const answered = (...fields: string[]): TryOutcome => ({
  kind: 'response',
  status: 429,
  grpcStatus: null,
  headers: new FieldHeaders(fields),
});

test('the pause before a retry is drawn below a ceiling that doubles up to its maximum', () => {
  const pauses = [1, 2, 3, 4].map((retry) => backoffMs(policy, retry, 0.999, { kind: 'perTryTimeout' }, 0));
  assert.deepEqual(pauses, [24, 49, 99, 99]);
});

test('a response that names a time is waited for, and up to half as long again', () => {
  assert.equal(backoffMs(policy, 1, 0, answered('retry-after', '2'), 0), 2000);
  assert.equal(backoffMs(policy, 1, 1, answered('retry-after', '2'), 0), 3000);
  assert.equal(backoffMs(policy, 1, 0, answered('x-reset', '1010'), 1_000_000), 10_000);
});

test('a time that is too long, over, or no number is not waited for', () => {
  for (const outcome of [answered('retry-after', '61'), answered('x-reset', '999'), answered('retry-after', 'soon'), answered()]) {
    assert.equal(backoffMs(policy, 1, 0.999, outcome, 1_000_000), 24);
  }
});
