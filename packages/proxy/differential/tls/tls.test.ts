import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { startProxy } from '../../src/proxy.ts';
import type { Bootstrap } from '../../src/xds/bootstrap.ts';
import { findEnvoy, type Running, startEnvoy } from '../envoy.ts';
import { freePorts } from '../free-ports.ts';
import { type TlsCase, tlsCases, type Visitor } from './cases.ts';

const envoy = findEnvoy();
const cases = await tlsCases();
const running: Running[] = [];
const portsOf: Record<'envoy' | 'weft', readonly number[]> = { envoy: [], weft: [] };

function bootstrap(admin: number, ports: readonly number[]): object {
  const address = (portValue: number): object => ({ socketAddress: { address: '127.0.0.1', portValue } });
  return {
    admin: { address: address(admin) },
    staticResources: { listeners: cases.map((one, i) => listener(one, address(ports[i] ?? 0))) },
  };
}

/** Every listener answers `yes` to whom it lets in, over HTTP/1.1. */
function listener({ name, tls }: TlsCase, address: object): object {
  const directResponse = { status: 200, body: { inlineString: 'yes' } };
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    statPrefix: 'in',
    codecType: 'HTTP1',
    routeConfig: { virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, directResponse }] }] },
    httpFilters: [{ name: 'router', typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
  };
  const inspector = { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector' };
  const typedConfig = { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', ...tls };
  return {
    name,
    address,
    listenerFilters: [{ name: 'tls', typedConfig: inspector }],
    filterChains: [{ filters: [{ name: 'http', typedConfig: manager }], transportSocket: { name: 'tls', typedConfig } }],
  };
}

/** What a visitor gets: whether it is let in, and by which certificate and protocols if it is. */
function visit(port: number, visitor: Visitor): Promise<string> {
  const { pair, serverName = 'a.test', alpn, minVersion, maxVersion, ciphers, groups } = visitor;
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(serverName === '' ? {} : { servername: serverName }),
    ...(alpn && { ALPNProtocols: [...alpn] }),
    ...(minVersion && { minVersion }),
    ...(maxVersion && { maxVersion }),
    ...(ciphers && { ciphers }),
    ...(groups && { ecdhCurve: groups }),
    ...pair,
  });
  let told = '';
  let shown = '';
  socket.on('secureConnect', () => {
    const alpnName = socket.alpnProtocol === false ? '' : socket.alpnProtocol;
    const exchange = socket.getEphemeralKeyInfo();
    const group = exchange !== null && 'name' in exchange ? exchange.name : '';
    shown = [socket.getProtocol(), socket.getCipher().name, group, socket.getPeerCertificate().subjectaltname, alpnName].join(' ');
  });
  socket.on('data', (bytes: Buffer) => {
    told += bytes.toString('latin1');
  });
  // What is wrong with a certificate is found after Node's part of the handshake, too late for an alert: such a connection is only closed.
  const refused = (alert: string): string => (pair === undefined ? `turned away: ${alert}` : 'turned away');
  let failure = '';
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code ?? '';
  });
  socket.write('GET / HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n');
  return new Promise((resolve) => {
    socket.once('close', () => resolve(told.endsWith('\r\n\r\nyes') ? `let in: ${shown}` : refused(failure)));
  });
}

before(async () => {
  if (envoy === null) return;
  const [envoyAdmin = 0, weftAdmin = 0, ...ports] = await freePorts(2 + 2 * cases.length);
  portsOf.envoy = ports.slice(0, cases.length);
  portsOf.weft = ports.slice(cases.length);
  running.push(await startEnvoy(envoy, bootstrap(envoyAdmin, portsOf.envoy), envoyAdmin));
  const proxy = await startProxy({ bootstrap: bootstrap(weftAdmin, portsOf.weft) as Bootstrap, drainTimeMs: 0 });
  await proxy.ready;
  running.push(proxy);
});

after(async () => {
  for (const one of running) await one.stop();
});

for (const [index, { name, visitors }] of cases.entries()) {
  test(`${name}: both let in the same, by the same certificate and protocols`, { skip: envoy === null && 'no Envoy at hand' }, async () => {
    for (const visitor of visitors) {
      const expected = await visit(portsOf.envoy[index] ?? 0, visitor);
      assert.equal(await visit(portsOf.weft[index] ?? 0, visitor), expected, visitor.name);
    }
  });
}
