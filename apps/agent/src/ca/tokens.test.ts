import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import { mintToken, openTokenKey, tokenAudience, verifyToken } from './tokens.ts';

const key = new Uint8Array(32).fill(1);
const subject = { namespace: 'shop', serviceAccount: 'cart' };

test('a token speaks for its service account', async () => {
  assert.deepEqual(await verifyToken(key, await mintToken(key, subject, 60)), subject);
});

test('tokens of another key, another audience, no algorithm, or past their time are refused', async () => {
  const other = await mintToken(new Uint8Array(32).fill(2), subject, 60);
  const audience = await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('weft')
    .setAudience('else')
    .setExpirationTime('1m')
    .sign(key);
  const unsigned = `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ iss: 'weft', aud: tokenAudience, sub: 'system:serviceaccount:a:b' }))}.`;
  const late = await mintToken(key, subject, -10);
  for (const token of [other, audience, unsigned, late, 'nonsense']) await assert.rejects(verifyToken(key, token));
});

test('the key is made once, and only its owner can read it', (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'weft-key-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'data', 'token-key');
  assert.deepEqual(openTokenKey(file), openTokenKey(file));
  assert.equal(statSync(file).mode & 0o777, 0o600);
});
