import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildDownstreamTls } from '@weft/core/plan/build-tls';
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
