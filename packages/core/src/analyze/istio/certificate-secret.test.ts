import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Secret } from '../../resource/kubernetes-types.ts';
import { parseYaml } from '../../resource/parse.ts';
import { certificateProblem } from './certificate-secret.ts';

// A self-signed certificate for a.example, valid from 2026-01-01 to 2026-12-31.
const certificate = `-----BEGIN CERTIFICATE-----
MIIBGDCBv6ADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMTCWEuZXhhbXBs
ZTAeFw0yNjAxMDEwMDAwMDBaFw0yNjEyMzEwMDAwMDBaMBQxEjAQBgNVBAMTCWEu
ZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFj0f8+sUXVfK2/OEEVC
klhnq+nxYYfZRsIaH9ZamuGAee4XNbUz6keGrLcjm8fqJRZOhwYCTi2Th1gXL3tL
88CjAjAAMAoGCCqGSM49BAMCA0gAMEUCIGaf14AZEw7+ft8o60VS5qC02NjigZzj
5ZbhXvk3YJILAiEA46fcx840snDcQqGu8IjSS1MQL58/yrG3k/ewwOhg1+E=
-----END CERTIFICATE-----
`;

function secret(fields: object): Secret {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, ...fields });
  const [resource] = parseYaml(text, 'a.json').resources;
  assert.ok(resource);
  return resource as Secret;
}

const within = Date.UTC(2026, 5, 1);

test('a certificate is good within its validity period', () => {
  const good = secret({ stringData: { 'tls.crt': certificate, 'tls.key': 'k' } });
  assert.equal(certificateProblem(good, within), null);
  assert.match(certificateProblem(good, Date.UTC(2027, 1, 1)) ?? '', /expired at 2026-12-31/);
  assert.match(certificateProblem(good, Date.UTC(2025, 1, 1)) ?? '', /valid only from 2026-01-01/);
  assert.equal(certificateProblem(good, null), null);
});

test('data is read from base64, under either pair of keys', () => {
  const data = { cert: Buffer.from(certificate).toString('base64'), key: Buffer.from('k').toString('base64') };
  assert.equal(certificateProblem(secret({ data }), within), null);
});

test('what is no certificate is told', () => {
  assert.match(certificateProblem(secret({ data: {} }), within) ?? '', /neither tls.crt/);
  assert.match(certificateProblem(secret({ stringData: { 'tls.crt': 'x', 'tls.key': 'k' } }), within) ?? '', /no PEM/);
  const cut = certificate.replace(/\n.{10}/, '\n');
  assert.match(certificateProblem(secret({ stringData: { 'tls.crt': cut, 'tls.key': 'k' } }), within) ?? '', /no X.509/);
});
