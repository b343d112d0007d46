import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildDownstreamTls, buildSecret } from '@weft/core/plan/build-tls';
import { AuthorityForTest } from './certificates-for-test.ts';
import { SecretStore } from './secret-store.ts';
import { TlsContexts } from './tls-contexts.ts';

test('a certificate that expired, or cannot be used, is reported once and not passed over', async () => {
  const authority = await AuthorityForTest.create();
  const [good, late] = [await authority.issue({ dns: ['a.test'] }), await authority.issue({ dns: ['late.test'], livesSeconds: -60 })];
  const reports: string[] = [];
  const contexts = new TlsContexts(new SecretStore((message) => reports.push(message)));
  const plan = (cert: string, key: string) =>
    buildDownstreamTls({
      commonTlsContext: { tlsCertificates: [{ certificateChain: { inlineString: cert }, privateKey: { inlineString: key } }] },
    });
  assert.ok(contexts.server(plan(good.cert, good.key)));
  assert.deepEqual(reports, []);
  const expired = plan(late.cert, late.key);
  assert.ok(contexts.server(expired));
  assert.ok(contexts.server(expired));
  assert.match(reports.join('\n'), /^the certificate of DNS:late\.test expired at \S+$/);
  assert.equal(contexts.server(plan(good.cert, late.key)), null);
  assert.match(reports.at(-1) ?? '', /^TLS configuration cannot be used: /);
});

test('trust that is configured and empty is not the trust of the public authorities', async () => {
  const pair = await (await AuthorityForTest.create()).issue({ dns: ['a.test'] });
  const reports: string[] = [];
  const contexts = new TlsContexts(new SecretStore((message) => reports.push(message)));
  for (const field of ['trustedCa', 'crl']) {
    const validationContext = { [field]: { inlineString: '' } };
    const tlsCertificates = [{ certificateChain: { inlineString: pair.cert }, privateKey: { inlineString: pair.key } }];
    assert.equal(contexts.server(buildDownstreamTls({ commonTlsContext: { tlsCertificates, validationContext } })), null);
    assert.match(reports.at(-1) ?? '', /as PEM, got none/);
  }
});

test('a secret is joined with the validation that stands beside it', async () => {
  const authority = await AuthorityForTest.create();
  const pair = await authority.issue({ dns: ['a.test'] });
  const secrets = new SecretStore(() => {});
  secrets.usePlan(new Map([['roots', buildSecret({ name: 'roots', validationContext: { trustedCa: { inlineString: authority.root } } })]]));
  const combinedValidationContext = {
    defaultValidationContext: { crl: { inlineString: '-----BEGIN X509 CRL-----' }, verifyCertificateHash: ['00'] },
    validationContextSdsSecretConfig: { name: 'roots' },
  };
  const tlsCertificates = [{ certificateChain: { inlineString: pair.cert }, privateKey: { inlineString: pair.key } }];
  // The list beside the secret cannot be read, so nobody is served; before, it was passed over.
  assert.equal(
    new TlsContexts(secrets).server(buildDownstreamTls({ commonTlsContext: { tlsCertificates, combinedValidationContext } })),
    null,
  );
});
