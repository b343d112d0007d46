import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasUsableKey } from './usable-keys.ts';

const coordinate = 'A'.repeat(43);
const ec = { kty: 'EC', crv: 'P-256', x: coordinate, y: coordinate };
const rsa = { kty: 'RSA', n: 'A'.repeat(342), e: 'AQAB' };

test('a set is usable as soon as one of its keys is', () => {
  for (const keys of [[ec], [rsa], [{ kty: 'XX' }, ec], [null, 5, ec], [{ ...ec, alg: 'ES384' }, rsa], [{ ...rsa, alg: 'RSA-OAEP' }]])
    assert.ok(hasUsableKey(JSON.stringify({ keys })), JSON.stringify(keys));
  assert.ok(hasUsableKey(JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x: coordinate }] })));
  assert.ok(hasUsableKey(JSON.stringify({ keys: [{ kty: 'oct', k: 'AAAA' }] })));
});

test('a set of keys that Envoy refuses is not', () => {
  const refused: readonly unknown[] = [
    { kty: 'XX' },
    5,
    { ...ec, alg: 'ES384' },
    { ...ec, crv: 'secp256k1' },
    { ...ec, crv: undefined, x: 'A'.repeat(64) },
    { ...rsa, e: 'Ag' },
    { ...rsa, n: '!!' },
    { ...rsa, alg: 'ES256' },
    { kty: 'RSA', x5c: ['AAAA'] },
    { kty: 'OKP', crv: 'X25519', x: coordinate },
    { kty: 'OKP', crv: 'Ed25519', x: 'AAAA' },
    { kty: 'oct', k: '' },
  ];
  for (const key of refused) assert.ok(!hasUsableKey(JSON.stringify({ keys: [key] })), JSON.stringify(key));
  for (const text of ['', 'x', '5', '{}', '{"keys":{}}', '{"keys":[]}']) assert.ok(!hasUsableKey(text), text);
});
