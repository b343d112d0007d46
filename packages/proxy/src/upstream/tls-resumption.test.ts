import assert from 'node:assert/strict';
import { createPrivateKey, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { startProxy } from '../proxy.ts';
import type { Bootstrap } from '../xds/bootstrap.ts';

const name = 'spiffe://cluster.local/ns/test/sa/server';

test('a peer whose session is resumed is still known by the certificate that it showed', async () => {
  const pair = await selfSigned();
  const resumed: boolean[] = [];
  const origin = createServer({ key: pair.key, cert: pair.certificate }, (request, response) => {
    resumed.push((request.socket as TLSSocket).isSessionReused());
    response.setHeader('connection', 'close');
    response.end('ok');
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const proxy = await startProxy({ bootstrap: bootstrap((origin.address() as AddressInfo).port, pair.certificate) });
  try {
    const port = proxy.listenerPorts().get('in');
    for (let i = 0; i < 3; i++) assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
    assert.deepEqual(resumed, [false, true, true]);
  } finally {
    await proxy.stop();
    origin.close();
  }
});

async function selfSigned(): Promise<{ key: string; certificate: string }> {
  x509.cryptoProvider.set(webcrypto as never);
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = (await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const extensions = [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: name }])];
  const generator = x509.X509CertificateGenerator;
  const certificate = await generator.createSelfSigned({ name: 'CN=test', keys: keys as never, signingAlgorithm, extensions });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }).toString();
  return { key, certificate: certificate.toString('pem') };
}

function bootstrap(origin: number, trustedCa: string): Bootstrap {
  const filters = 'type.googleapis.com/envoy.extensions.filters';
  const router = { name: 'envoy.filters.http.router', typedConfig: { '@type': `${filters}.http.router.v3.Router` } };
  const manager = {
    '@type': `${filters}.network.http_connection_manager.v3.HttpConnectionManager`,
    statPrefix: 'test',
    routeConfig: { virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'origin' } }] }] },
    httpFilters: [router],
  };
  const address = (port: number) => ({ socketAddress: { address: '127.0.0.1', portValue: port } });
  const names = [{ sanType: 'URI', matcher: { exact: name } }];
  const tls = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    commonTlsContext: { validationContext: { trustedCa: { inlineString: trustedCa }, matchTypedSubjectAltNames: names } },
  };
  return {
    node: { id: 'test' },
    admin: { address: address(0) },
    staticResources: {
      listeners: [
        {
          name: 'in',
          address: address(0),
          filterChains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typedConfig: manager }] }],
        },
      ],
      clusters: [
        {
          name: 'origin',
          connectTimeout: '1s',
          transportSocket: { name: 'envoy.transport_sockets.tls', typedConfig: tls },
          loadAssignment: { clusterName: 'origin', endpoints: [{ lbEndpoints: [{ endpoint: { address: address(origin) } }] }] },
        },
      ],
    },
  } as Bootstrap;
}
