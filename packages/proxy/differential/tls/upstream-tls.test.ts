import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { AuthorityForTest } from '../../src/identity/certificates-for-test.ts';
import { findEnvoy } from '../envoy.ts';
import { type Pair, startPair, tellingListener } from '../pair.ts';

const envoy = findEnvoy();
const skip = envoy === null && 'no Envoy at hand';
const type = (name: string) => `type.googleapis.com/${name}`;
const [ours, theirs] = [await AuthorityForTest.create('ours'), await AuthorityForTest.create('theirs')];
const own = await ours.issue({ dns: ['a.test', '*.wild.test'], uris: ['spiffe://ours/ns/a/sa/b'] });
const inline = (inlineString: string) => ({ inlineString });

/** One cluster: its TLS context, options for HTTP, and what else it has. */
interface Upstream {
  readonly tls: { readonly sni?: string; readonly commonTlsContext?: object; readonly autoHostSni?: boolean };
  readonly http?: object;
  readonly more?: object;
}

const trusting = (more: object = {}) => ({ commonTlsContext: { validationContext: { trustedCa: inline(ours.root), ...more } } });
const uri = (exact: string) => ({ matchTypedSubjectAltNames: [{ sanType: 'URI', matcher: { exact } }] });
const automatic = { autoSni: true, autoSanValidation: true };
const checks = (path: string, more: object = {}) => ({
  healthChecks: [{ timeout: '1s', interval: '1s', unhealthyThreshold: 1, healthyThreshold: 1, httpHealthCheck: { path, ...more } }],
});

const upstreams: Readonly<Record<string, Upstream>> = {
  'nobody is verified': { tls: {} },
  'a fixed name': { tls: { ...trusting(), sni: 'fixed.test' } },
  'the name that the request is for': { tls: trusting(), http: { autoSni: true } },
  'the name that a header tells': { tls: trusting(), http: { autoSni: true, overrideAutoSniHeader: 'x-name' } },
  'the name has to be in the certificate': { tls: trusting(), http: automatic },
  'another root': { tls: { commonTlsContext: { validationContext: { trustedCa: inline(theirs.root) } } } },
  'a URI that is in the certificate': { tls: trusting(uri('spiffe://ours/ns/a/sa/b')) },
  'a URI that is not': { tls: trusting(uri('spiffe://ours/ns/a/sa/c')) },
  'a bound address': { tls: {}, more: { upstreamBindConfig: { sourceAddress: { address: '127.0.0.9', portValue: 0 } } } },
  'healthy over TLS': { tls: trusting(), more: checks('/healthy') },
  'sick over TLS': { tls: trusting(), more: checks('/sick') },
  'healthy by another host': { tls: { ...trusting(), sni: 'a.test' }, more: checks('/healthy', { host: 'check.test' }) },
  'health that is never heard of': {
    tls: { commonTlsContext: { validationContext: { trustedCa: inline(theirs.root) } } },
    more: checks('/healthy'),
  },
};

const cluster = (name: string, port: number): object => {
  const { tls, http, more } = upstreams[name] ?? { tls: {} };
  return {
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    loadAssignment: {
      clusterName: name,
      endpoints: [{ lbEndpoints: [{ endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: port } } } }] }],
    },
    transportSocket: {
      name: 'tls',
      typedConfig: { '@type': type('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'), ...tls },
    },
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
        explicitHttpConfig: { httpProtocolOptions: {} },
        ...(http && { upstreamHttpProtocolOptions: http }),
      },
    },
    ...more,
  };
};

const listener = (port: number, name: string): object =>
  tellingListener(port, {
    tells: {},
    manager: {
      routeConfig: {
        virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: name } }] }],
        responseHeadersToAdd: [
          { header: { key: 'x-flags', value: '%RESPONSE_FLAGS%' } },
          { header: { key: 'x-details', value: '%RESPONSE_CODE_DETAILS%' } },
        ],
      },
    },
  });

/** Status, flags, and what the application saw of its client; the reasons that TLS libraries give differ. */
function seen(port: number, headers: Readonly<Record<string, string>>): Promise<object> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        const details = String(response.headers['x-details']).replace(/\|.*/, '');
        const body = text.replace(/, transport failure reason: .*/, '');
        resolve({ status: response.statusCode, flags: response.headers['x-flags'], details, body });
      });
    }).on('error', reject);
  });
}

describe('both reach upstreams over TLS alike', { skip }, () => {
  const names = Object.keys(upstreams);
  let origin: Server;
  let pair: Pair;

  before(async () => {
    origin = createServer({ cert: own.cert, key: own.key }, (request, response) => {
      const { servername, remoteAddress } = request.socket as TLSSocket;
      response.statusCode = request.url === '/sick' ? 503 : 200;
      response.end(`${String(servername)} from ${remoteAddress}`);
    }).listen(0, '127.0.0.1');
    await once(origin, 'listening');
    const { port } = origin.address() as AddressInfo;
    const clusters = names.map((name) => cluster(name, port));
    pair = await startPair(envoy ?? '', names.length, (ports) => ports.map((at, i) => listener(at, names[i] ?? '')), clusters);
  });

  after(async () => {
    await pair?.stop();
    origin?.close();
    origin?.closeAllConnections();
  });

  for (const [index, name] of names.entries()) {
    test(name, async () => {
      const requests: readonly Readonly<Record<string, string>>[] = [
        { host: 'a.test' },
        { host: 'x.wild.test:8080' },
        { host: 'other.test' },
        { host: '127.0.0.1' },
        { host: 'a.test', 'x-name': 'named.test' },
      ];
      for (const headers of requests) {
        const [theirs, ours] = await Promise.all([pair.envoy, pair.weft].map((ports) => seen(ports[index] ?? 0, headers)));
        assert.deepEqual(ours, theirs, JSON.stringify(headers));
      }
    });
  }
});
