import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import { hasUsableKey } from './usable-keys.ts';

const coordinate = 'A'.repeat(43);
const fromHex = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');
/** The base point of the curve. */
const ec = {
  kty: 'EC',
  crv: 'P-256',
  x: fromHex('6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296'),
  y: fromHex('4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5'),
};
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
    { ...ec, y: ec.x },
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

for (const algorithm of ['ES256', 'ES384', 'ES512'])
  test(`a key of ${algorithm} is usable, and with its coordinates exchanged is on no curve`, async () => {
    const { publicKey } = await generateKeyPair(algorithm);
    const key = { ...(await exportJWK(publicKey)), alg: algorithm };
    assert.equal(hasUsableKey(JSON.stringify({ keys: [key] })), true);
    assert.equal(hasUsableKey(JSON.stringify({ keys: [{ ...key, x: key.y, y: key.x }] })), false);
  });
