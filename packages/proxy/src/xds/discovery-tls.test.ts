import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import { AuthorityForTest, type PairForTest } from '../identity/certificates-for-test.ts';
import { startProxy } from '../proxy.ts';
import type { RunningProxy } from '../proxy-options.ts';
import type { Bootstrap } from './bootstrap.ts';
import { ControlPlaneForTest } from './control-plane-for-test.ts';
import { adsBootstrap, edsCluster, endpointsOf, listenerFor, routesTo } from './resources-for-test.ts';

const stops: (() => unknown)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

const authority = await AuthorityForTest.create();
const inline = (text: string): object => ({ inlineString: text });
const certificateOf = ({ cert, key }: PairForTest): object => ({ certificateChain: inline(cert), privateKey: inline(key) });

function upstreamTls(own: PairForTest, san: string): object {
  return {
    name: 'tls',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      sni: 'istiod.istio-system.svc',
      commonTlsContext: {
        tlsParams: { tlsMaximumProtocolVersion: 'TLSv1_3' },
        tlsCertificates: [certificateOf(own)],
        validationContext: { trustedCa: inline(authority.root), matchTypedSubjectAltNames: [{ sanType: 'URI', matcher: { exact: san } }] },
      },
    },
  };
}

function downstreamTls(secret: object): object {
  return {
    name: 'tls',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      commonTlsContext: { tlsCertificateSdsSecretConfigs: [secret] },
    },
  };
}

async function running(bootstrap: Bootstrap, lines: string[] = []): Promise<RunningProxy> {
  const proxy = await startProxy({ bootstrap, drainTimeMs: 0, log: (_level, text) => lines.push(text) });
  stops.push(() => proxy.stop());
  return proxy;
}

async function handshake(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca: authority.root, servername: 'a.test', checkServerIdentity: () => undefined });
  stops.push(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** Waits until new connections are shown this certificate. */
async function untilShown(port: number, wanted: string): Promise<void> {
  for (;;) {
    const socket = await handshake(port);
    const names = socket.getPeerCertificate().subjectaltname ?? '';
    socket.destroy();
    if (names.includes(wanted)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function answersOn(socket: TLSSocket): Promise<string> {
  const answer = once(socket, 'data');
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const [bytes] = (await answer) as [Buffer];
  return bytes.toString('latin1').slice(0, 12);
}

test('the discovery stream uses the TLS settings of its cluster, both ways', async () => {
  const server = await authority.issue({ uris: ['spiffe://test/control'] });
  const client = await authority.issue({ uris: ['spiffe://test/proxy'] });
  const pair = { cert_chain: Buffer.from(server.cert), private_key: Buffer.from(server.key) };
  const control = await ControlPlaneForTest.start(0, grpc.ServerCredentials.createSsl(Buffer.from(authority.root), [pair], true));
  stops.push(() => control.stop());
  for (const kind of ['clusters', 'listeners'] as const) control.set(kind, []);
  const proxy = await running(adsBootstrap([control.port], { transportSocket: upstreamTls(client, 'spiffe://test/control') }));
  await proxy.ready;
  const lines: string[] = [];
  await running(adsBootstrap([control.port], { transportSocket: upstreamTls(client, 'spiffe://test/other') }), lines);
  while (!lines.some((line) => line.includes('SAN matcher'))) await new Promise((resolve) => setTimeout(resolve, 5));
});

test('certificates from the secret service at a Unix socket rotate without ending connections', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'weft-sds-'));
  stops.push(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'socket');
  const agent = await ControlPlaneForTest.start(0, grpc.ServerCredentials.createInsecure(), `unix:${path}`);
  stops.push(() => agent.stop());
  const control = await ControlPlaneForTest.start();
  stops.push(() => control.stop());
  const secret = {
    name: 'default',
    sdsConfig: {
      apiConfigSource: { apiType: 'GRPC', setNodeOnFirstMessageOnly: true, grpcServices: [{ envoyGrpc: { clusterName: 'sds-grpc' } }] },
    },
  };
  control.set('clusters', [edsCluster('one')]);
  control.set('endpoints', [endpointsOf('one', [])]);
  control.set('listeners', [listenerFor('in', 'r', { transportSocket: downstreamTls(secret) })]);
  control.set('routes', [routesTo('r', 'one')]);
  const sds = {
    name: 'sds-grpc',
    loadAssignment: { clusterName: 'sds-grpc', endpoints: [{ lbEndpoints: [{ endpoint: { address: { pipe: { path } } } }] }] },
  };
  const proxy = await running(adsBootstrap([control.port], { clusters: [sds] }));
  await control.seen(({ kind, nonce }) => kind === 'routes' && nonce !== '');
  assert.equal(proxy.listenerPorts().has('in'), false, 'the listener waits for its certificate');
  const publish = async (name: string): Promise<void> =>
    agent.set('secrets', [{ name: 'default', tlsCertificate: certificateOf(await authority.issue({ dns: [name] })) }]);
  await publish('first.test');
  await proxy.ready;
  const port = proxy.listenerPorts().get('in') ?? 0;
  const early = await handshake(port);
  assert.equal(await answersOn(early), 'HTTP/1.1 503');
  for (const name of ['second.test', 'third.test']) {
    await publish(name);
    await untilShown(port, name);
  }
  const [one, other] = [await authority.issue(), await authority.issue()];
  agent.set('secrets', [{ name: 'default', tlsCertificate: { certificateChain: inline(one.cert), privateKey: inline(other.key) } }]);
  await agent.seen(({ error }) => error?.includes('private key') === true);
  await untilShown(port, 'third.test');
  assert.equal(await answersOn(early), 'HTTP/1.1 503', 'the connection of the first certificate is still served');
});

test('certificates in files rotate each time their directory is republished', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'weft-files-'));
  stops.push(() => rmSync(directory, { recursive: true }));
  let version = 0;
  // As Kubernetes mounts a secret: all files change by one rename.
  const publish = (pair: PairForTest): void => {
    const name = `v${++version}`;
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, 'cert.pem'), pair.cert);
    writeFileSync(join(directory, name, 'key.pem'), pair.key);
    symlinkSync(name, join(directory, 'next'));
    renameSync(join(directory, 'next'), join(directory, 'data'));
  };
  publish(await authority.issue({ dns: ['first.test'] }));
  const file = (name: string): object => ({ filename: join(directory, 'data', name) });
  const certificate = { certificateChain: file('cert.pem'), privateKey: file('key.pem'), watchedDirectory: { path: directory } };
  const type = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
  const sds = join(directory, 'sds.json');
  writeFileSync(sds, JSON.stringify({ resources: [{ '@type': type, name: 'own', tlsCertificate: certificate }] }));
  const secret = { name: 'own', sdsConfig: { pathConfigSource: { path: sds } } };
  const control = await ControlPlaneForTest.start();
  stops.push(() => control.stop());
  control.set('clusters', []);
  control.set('listeners', [listenerFor('in', 'r', { transportSocket: downstreamTls(secret) })]);
  control.set('routes', [routesTo('r', 'none')]);
  const proxy = await running(adsBootstrap([control.port], { apiType: 'GRPC' }));
  await proxy.ready;
  const port = proxy.listenerPorts().get('in') ?? 0;
  await untilShown(port, 'first.test');
  for (const name of ['second.test', 'third.test', 'fourth.test']) {
    publish(await authority.issue({ dns: [name] }));
    await untilShown(port, name);
  }
});
