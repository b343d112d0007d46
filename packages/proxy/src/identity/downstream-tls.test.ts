import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { startProxy } from '../proxy.ts';
import type { RunningProxy } from '../proxy-options.ts';
import { AuthorityForTest, type PairForTest } from './certificates-for-test.ts';

const stops: (() => unknown)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

const [ours, theirs] = [await AuthorityForTest.create('ours'), await AuthorityForTest.create('theirs')];
const inline = (text: string): object => ({ inlineString: text });
const tlsType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const certificates = (...pairs: PairForTest[]): object[] =>
  pairs.map(({ cert, key }) => ({ certificateChain: inline(cert), privateKey: inline(key) }));

interface DownstreamTls {
  readonly commonTlsContext: object;
  readonly requireClientCertificate?: boolean;
}

/** A proxy that answers 200 with `yes` to whom it lets in. */
async function serving(tls: DownstreamTls, sessionSecret?: Uint8Array): Promise<number> {
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    statPrefix: 'in',
    routeConfig: {
      virtualHosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, directResponse: { status: 200, body: inline('yes') } }] },
      ],
    },
    httpFilters: [{ name: 'router', typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
  };
  const listener = {
    name: 'in',
    address: { socketAddress: { address: '127.0.0.1', portValue: 0 } },
    listenerFilters: [
      { name: 'tls', typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector' } },
    ],
    filterChains: [
      {
        filters: [{ name: 'http', typedConfig: manager }],
        transportSocket: { name: 'tls', typedConfig: { '@type': `${tlsType}.DownstreamTlsContext`, ...tls } },
      },
    ],
  };
  const bootstrap = { staticResources: { listeners: [listener] } } as never;
  const proxy: RunningProxy = await startProxy({ bootstrap, drainTimeMs: 0, ...(sessionSecret && { sessionSecret }) });
  stops.push(() => proxy.stop());
  await proxy.ready;
  return proxy.listenerPorts().get('in') ?? 0;
}

interface Visit {
  readonly answer: string;
  readonly names: string;
  readonly isResumed: boolean;
  readonly session: Buffer | null;
}

/** One request on a connection of its own; `answer` is `refused` when the connection ended without one. */
async function visit(port: number, options: ConnectionOptions = {}): Promise<Visit> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'a.test', ...options });
  const received: Buffer[] = [];
  let session: Buffer | null = null;
  socket.on('session', (fresh: Buffer) => {
    session = fresh;
  });
  let names = '';
  let isResumed = false;
  socket.on('secureConnect', () => {
    names = socket.getPeerCertificate().subjectaltname ?? '';
    isResumed = socket.isSessionReused();
  });
  socket.on('data', (bytes: Buffer) => received.push(bytes));
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n');
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const text = Buffer.concat(received).toString();
  return {
    answer: /\r\n\r\n(.*)$/.exec(text)?.[1] ?? 'refused',
    names,
    isResumed,
    session,
  };
}

test('of several certificates the one with the name that the client asks for is shown, the first to all others', async () => {
  const pairs = [
    await ours.issue({ dns: ['first.test'] }),
    await ours.issue({ dns: ['*.wild.test'] }),
    await ours.issue({ dns: ['a.wild.test'] }),
  ];
  const port = await serving({ commonTlsContext: { tlsCertificates: certificates(...pairs) } });
  for (const [servername, shown] of [
    ['A.wild.test', 'DNS:a.wild.test'],
    ['b.wild.test', 'DNS:*.wild.test'],
    ['other.test', 'DNS:first.test'],
  ] as const) {
    assert.equal((await visit(port, { servername })).names, shown, servername);
  }
});

test('a client certificate is asked for, required and judged as the context says', async () => {
  const own = await ours.issue({ dns: ['a.test'] });
  const [friend, stranger, late] = [
    await ours.issue({ uris: ['spiffe://ours/ns/a/sa/b'] }),
    await theirs.issue({ uris: ['spiffe://ours/ns/a/sa/b'] }),
    await ours.issue({ uris: ['spiffe://ours/ns/a/sa/b'], livesSeconds: -60 }),
  ];
  const context = (validationContext?: object): object => ({
    tlsCertificates: certificates(own),
    ...(validationContext && { validationContext }),
  });
  const trusted = { trustedCa: inline(ours.root) };
  const hash = new X509Certificate(friend.cert).fingerprint256;
  const spki = createHash('sha256')
    .update(new X509Certificate(friend.cert).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
  const uri = (exact: string): object => ({ ...trusted, matchTypedSubjectAltNames: [{ sanType: 'URI', matcher: { exact } }] });
  const who = { nobody: {}, friend, stranger, late };
  const cases: readonly (readonly [string, DownstreamTls, readonly (keyof typeof who)[]])[] = [
    ['optional', { commonTlsContext: context(trusted) }, ['nobody', 'friend']],
    ['required', { commonTlsContext: context(trusted), requireClientCertificate: true }, ['friend']],
    ['required, not judged', { commonTlsContext: context(), requireClientCertificate: true }, ['nobody', 'friend', 'stranger', 'late']],
    ['name', { commonTlsContext: context(uri('spiffe://ours/ns/a/sa/b')), requireClientCertificate: true }, ['friend']],
    ['other name', { commonTlsContext: context(uri('spiffe://ours/ns/a/sa/c')), requireClientCertificate: true }, []],
    [
      'hash or key',
      { commonTlsContext: context({ verifyCertificateHash: [hash], verifyCertificateSpki: ['AAAA'] }), requireClientCertificate: true },
      ['friend'],
    ],
    ['key', { commonTlsContext: context({ verifyCertificateSpki: [spki] }), requireClientCertificate: true }, ['friend']],
    [
      'expired allowed',
      { commonTlsContext: context({ ...trusted, allowExpiredCertificate: true }), requireClientCertificate: true },
      ['friend', 'late'],
    ],
  ];
  for (const [name, tls, letIn] of cases) {
    const port = await serving(tls);
    for (const [visitor, pair] of Object.entries(who)) {
      const { answer } = await visit(port, pair);
      assert.equal(answer === 'yes', (letIn as readonly string[]).includes(visitor), `${name}: ${visitor}`);
    }
  }
});

test('each trust domain is vouched for by its own roots only', async () => {
  const domain = (name: string, root: string): object => ({ name, trustBundle: inline(root) });
  const typedConfig = {
    '@type': `${tlsType}.SPIFFECertValidatorConfig`,
    trustDomains: [domain('ours', ours.root), domain('theirs', theirs.root)],
  };
  const customValidatorConfig = { name: 'envoy.tls.cert_validator.spiffe', typedConfig };
  const commonTlsContext = {
    tlsCertificates: certificates(await ours.issue({ dns: ['a.test'] })),
    validationContext: { customValidatorConfig },
  };
  const port = await serving({ commonTlsContext, requireClientCertificate: true });
  const answer = async (authority: AuthorityForTest, uri: string): Promise<string> =>
    (await visit(port, await authority.issue({ uris: [uri] }))).answer;
  assert.equal(await answer(ours, 'spiffe://ours/ns/a/sa/b'), 'yes');
  assert.equal(await answer(theirs, 'spiffe://theirs/ns/a/sa/b'), 'yes');
  assert.equal(await answer(theirs, 'spiffe://ours/ns/a/sa/b'), 'refused');
  assert.equal(await answer(ours, 'spiffe://unknown/ns/a/sa/b'), 'refused');
});

test('a session is resumed by another worker with the same context, and by none with other roots or certificates', async () => {
  const secret = Buffer.alloc(32, 7);
  const pair = await ours.issue({ dns: ['a.test'] });
  const context = (root: string): DownstreamTls => ({
    commonTlsContext: { tlsCertificates: certificates(pair), validationContext: { trustedCa: inline(root) } },
    requireClientCertificate: true,
  });
  const client = await ours.issue({ uris: ['spiffe://ours/ns/a/sa/b'] });
  const [one, other, elsewhere] = [
    await serving(context(ours.root), secret),
    await serving(context(ours.root), secret),
    await serving(context(theirs.root), secret),
  ];
  const { session, answer } = await visit(one, client);
  assert.equal(answer, 'yes');
  assert.ok(session);
  for (const port of [one, other]) {
    const again = await visit(port, { ...client, session });
    assert.deepEqual([again.answer, again.isResumed], ['yes', true]);
  }
  const refused = await visit(elsewhere, { ...client, session });
  assert.deepEqual([refused.answer, refused.isResumed], ['refused', false]);
});

test('the versions and suites of the parameters are kept to, with Envoy’s groups of suites', async () => {
  const tlsParams = {
    tlsMaximumProtocolVersion: 'TLSv1_2',
    cipherSuites: ['[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]'],
  };
  const port = await serving({ commonTlsContext: { tlsParams, tlsCertificates: certificates(await ours.issue({ dns: ['a.test'] })) } });
  assert.equal((await visit(port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).answer, 'yes');
  assert.equal((await visit(port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' })).answer, 'refused');
  assert.equal((await visit(port, { minVersion: 'TLSv1.3' })).answer, 'refused');
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  assert.equal(socket.getProtocol(), 'TLSv1.2');
  socket.destroy();
});
