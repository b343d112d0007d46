import assert from 'node:assert/strict';
import { webcrypto, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { openAuthority } from '../ca/authority.ts';
import { run as sign } from './ca-sign.ts';
import { run as verify } from './ca-verify.ts';
import { InputError, UsageError } from './command.ts';

const identity = ['--namespace', 'shop', '--service-account', 'cart'];

async function prepare(context: TestContext) {
  const cwd = mkdtempSync(join(tmpdir(), 'weft-ca-cli-'));
  context.after(() => rmSync(cwd, { recursive: true, force: true }));
  await openAuthority({ directory: join(cwd, '.weft', 'ca'), pluggedIn: null, now: Date.now });
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({ keys: keys as never, signingAlgorithm: algorithm });
  writeFileSync(join(cwd, 'cart.csr'), csr.toString('pem'));
  const call = async (command: typeof sign, ...args: readonly string[]) => {
    let out = '';
    const stdout = { write: (text: string) => (out += text) };
    const code = await command(args, { stdin: Readable.from([]), stdout, stderr: stdout, cwd });
    return { code, out };
  };
  return { cwd, call };
}

test('a signed chain verifies against the authority that signed it', async (context) => {
  const { cwd, call } = await prepare(context);
  const { code, out } = await call(sign, '--csr', 'cart.csr', ...identity);
  assert.equal(code, 0);
  assert.equal(new X509Certificate(out).subjectAltName, 'URI:spiffe://cluster.local/ns/shop/sa/cart');
  writeFileSync(join(cwd, 'chain.pem'), out);
  const verified = await call(verify, 'chain.pem', '-o', 'json');
  const { valid, spiffeId, links, problems } = JSON.parse(verified.out) as Readonly<Record<string, unknown>> & { links: unknown[] };
  assert.deepEqual([verified.code, valid, spiffeId, links.length, problems], [0, true, 'spiffe://cluster.local/ns/shop/sa/cart', 2, []]);
});

test('a chain of another authority, or past its time, is not valid and the exit code is 1', async (context) => {
  const { cwd, call } = await prepare(context);
  writeFileSync(join(cwd, 'chain.pem'), (await call(sign, '--csr', 'cart.csr', ...identity)).out);
  const late = await call(verify, 'chain.pem', '--at', '2200-01-01T00:00:00Z');
  assert.equal(late.code, 1);
  assert.match(late.out, /expired on/);
  const other = await openAuthority({ directory: join(cwd, 'other'), pluggedIn: null, now: Date.now });
  writeFileSync(join(cwd, 'other.pem'), other.rootPem);
  const strange = await call(verify, 'chain.pem', '--root', 'other.pem');
  assert.equal(strange.code, 1);
  assert.match(strange.out, /signed by none of the roots/);
});

test('wrong requests and identities, and directories without an authority, are said', async (context) => {
  const { cwd, call } = await prepare(context);
  writeFileSync(join(cwd, 'no.csr'), 'hello');
  await assert.rejects(call(sign, '--csr', 'no.csr', ...identity), InputError);
  await assert.rejects(call(sign, '--csr', 'cart.csr', '--id', 'spiffe://cluster.local/cart'), UsageError);
  await assert.rejects(call(sign, '--csr', 'cart.csr'), UsageError);
  await assert.rejects(call(sign, '--csr', 'cart.csr', ...identity, '--data', 'nowhere'), /there is no certificate authority/);
  await assert.rejects(call(verify, 'no.csr'), /no certificate in PEM form/);
});
