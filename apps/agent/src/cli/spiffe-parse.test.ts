import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerSpiffe } from './spiffe-parse.ts';

test("a workload's identity is taken apart", () => {
  assert.deepEqual(answerSpiffe('spiffe://cluster.local/ns/shop/sa/cart'), {
    id: 'spiffe://cluster.local/ns/shop/sa/cart',
    valid: true,
    trustDomain: 'cluster.local',
    path: '/ns/shop/sa/cart',
    namespace: 'shop',
    serviceAccount: 'cart',
    error: null,
  });
});

test('an identity of another form is one of the standard, but not of a workload', () => {
  const { valid, trustDomain, path, error } = answerSpiffe('spiffe://example.org/db');
  assert.deepEqual([valid, trustDomain, path], [false, 'example.org', '/db']);
  assert.match(error ?? '', /\/ns\/<namespace>\/sa\//);
});

test('what the standard forbids is named', () => {
  const cases: readonly (readonly [id: string, says: RegExp])[] = [
    ['https://cluster.local/ns/a/sa/b', /scheme/],
    ['spiffe:///ns/a/sa/b', /trust domain is missing/],
    ['spiffe://Cluster.local/ns/a/sa/b', /lower-case/],
    ['spiffe://cluster.local:80/ns/a/sa/b', /lower-case/],
    ['spiffe://cluster.local/ns/a/sa/b/', /empty/],
    ['spiffe://cluster.local/ns/../sa/b', /\.\./],
    ['spiffe://cluster.local/ns/a/sa/b?x=1', /a path holds/],
    [`spiffe://cluster.local/ns/${'a'.repeat(2_048)}/sa/b`, /2048 bytes/],
  ];
  for (const [id, says] of cases) {
    const { valid, error } = answerSpiffe(id);
    assert.equal(valid, false, id);
    assert.match(error ?? '', says, id);
  }
});
