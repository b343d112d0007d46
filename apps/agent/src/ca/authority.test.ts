import assert from 'node:assert/strict';
import { webcrypto, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { type Authority, maxTtlMs, openAuthority } from './authority.ts';

const hourMs = 3_600_000;
const now = (): number => Date.UTC(2026, 5, 1);
const identity = 'spiffe://cluster.local/ns/shop/sa/cart';

function temporary(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'weft-ca-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const open = (directory: string): Promise<Authority> => openAuthority({ directory, pluggedIn: null, now });

async function request(names: readonly string[] = []): Promise<string> {
  const keys = (await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const extensions = names.map((value) => new x509.SubjectAlternativeNameExtension([{ type: 'url', value }]));
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    keys: keys as never,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions,
  });
  return csr.toString('pem');
}

test('a certificate carries the identity of the caller, whatever the request asks for', async (context) => {
  const authority = await open(temporary(context));
  const { chain } = await authority.sign(await request(['spiffe://cluster.local/ns/kube-system/sa/admin']), identity, hourMs);
  const leaf = new X509Certificate(chain[0] ?? '');
  assert.equal(leaf.subjectAltName, `URI:${identity}`);
  assert.equal(leaf.ca, false);
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  assert.ok(leaf.verify(new X509Certificate(authority.rootPem).publicKey));
  assert.deepEqual([chain.length, chain.at(-1)], [2, authority.rootPem]);
  assert.ok(chain.every((pem) => pem.endsWith('\n')));
});

test('lifetimes: none asked for is a day, more than the most is refused, and it starts a little earlier', async (context) => {
  const authority = await open(temporary(context));
  const { notBefore, notAfter } = await authority.sign(await request(), identity, 0);
  assert.deepEqual([notBefore, notAfter], [now() - 120_000, now() + 24 * hourMs]);
  await assert.rejects(authority.sign(await request(), identity, maxTtlMs + 1), /more than 90 days/);
});

test('a request that is none, or whose signature is wrong, is refused', async (context) => {
  const authority = await open(temporary(context));
  await assert.rejects(authority.sign('hello', identity, hourMs), /not a certificate signing request/);
});

test('the authority is the same after it was opened again, and its key is for its owner alone', async (context) => {
  const directory = temporary(context);
  const [first, second] = [await open(directory), await open(directory)];
  assert.equal(first.fingerprint, second.fingerprint);
  assert.equal(statSync(join(directory, 'ca-key.pem')).mode & 0o777, 0o600);
});

test('an incomplete authority is an error and never replaced by a new one', async (context) => {
  const directory = temporary(context);
  await open(directory);
  rmSync(join(directory, 'ca-key.pem'));
  await assert.rejects(open(directory), /ca-key\.pem missing/);
  await assert.rejects(openAuthority({ directory: temporary(context), pluggedIn: temporary(context), now }), /missing/);
});

test('an intermediate authority hands out the whole chain, root last', async (context) => {
  const [root, directory] = [await open(temporary(context)), temporary(context)];
  const keys = (await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const self = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'O=intermediate',
    keys: keys as never,
    notBefore: new Date(now()),
    notAfter: new Date(now() + 100 * hourMs),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  const files = {
    'ca-cert.pem': self.toString('pem'),
    'cert-chain.pem': self.toString('pem'),
    'root-cert.pem': root.rootPem,
    'ca-key.pem': x509.PemConverter.encode(key, 'PRIVATE KEY'),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const plugged = await openAuthority({ directory: temporary(context), pluggedIn: directory, now });
  const { chain, notAfter } = await plugged.sign(await request(), identity, 1_000 * hourMs);
  assert.deepEqual([chain.length, chain.at(-1)], [3, root.rootPem]);
  assert.equal(notAfter, now() + 100 * hourMs, 'no longer than the certificate that signs');
});
