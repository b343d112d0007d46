import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyModel } from './policy-document.ts';
import { policySentence } from './policy-sentence.ts';

const base: PolicyModel = {
  name: 'p',
  namespace: 'default',
  action: 'DENY',
  provider: '',
  selector: { app: 'payment-service' },
  rules: [],
};

test('a rule reads as a sentence', () => {
  const rule = {
    from: [{ principals: ['cluster.local/ns/shop/sa/storefront'] }],
    to: [{ methods: ['POST'], notPaths: ['/health'] }],
    when: [],
  };
  assert.equal(
    policySentence({ ...base, rules: [rule] }),
    'Denies requests to workloads with app=payment-service from principal cluster.local/ns/shop/sa/storefront, with method POST and path other than /health.',
  );
});

test('policies without rules say what that means for their action', () => {
  assert.match(policySentence({ ...base, action: 'ALLOW' }), /^Allows nothing/);
  assert.match(policySentence(base), /^Does nothing/);
});

test('an empty rule matches every request', () => {
  assert.match(
    policySentence({ ...base, selector: null, rules: [{ from: [], to: [], when: [] }] }),
    /every workload of default whatever they are\.$/,
  );
});
