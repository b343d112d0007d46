import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { AuthorityForTest } from '../src/identity/certificates-for-test.ts';
import { startProxy } from '../src/proxy.ts';
import type { Bootstrap } from '../src/xds/bootstrap.ts';
import { freePorts } from './free-ports.ts';
import { findH2spec } from './h2spec.ts';
import { startOrigin } from './origin.ts';
import { tellingListener } from './pair.ts';

const h2spec = findH2spec();
const options = { skip: h2spec === null ? 'no h2spec at hand: set WEFT_H2SPEC or install a Go toolchain' : false, timeout: 60_000 };
// The fewest streams that h2spec still asks for: it opens one more than it may.
const manager = {
  codecType: 'HTTP2',
  http2ProtocolOptions: { maxConcurrentStreams: 100 },
  routeConfig: { virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'origin' } }] }] },
};

/** Runs h2spec against a listener with this filter chain. */
async function judge(chain: object, ...args: readonly string[]): Promise<void> {
  const [admin = 0, port = 0] = await freePorts(2);
  const origin = await startOrigin();
  const address = { socketAddress: { address: '127.0.0.1', portValue: origin.port } };
  const cluster = { name: 'origin', loadAssignment: { clusterName: 'origin', endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] } };
  const proxy = await startProxy({
    bootstrap: {
      admin: { address: { socketAddress: { address: '127.0.0.1', portValue: admin } } },
      staticResources: { listeners: [tellingListener(port, { chain, manager, tells: {} })], clusters: [cluster] },
    } as Bootstrap,
    drainTimeMs: 0,
  });
  try {
    await proxy.ready;
    const all = ['-h', '127.0.0.1', '-p', String(port), '-o', '5', ...args];
    const { stdout } = await promisify(execFile)(h2spec ?? '', all).catch((error: { stdout: string }) => error);
    assert.match(stdout, /(\d+) tests, \1 passed, 0 skipped, 0 failed/, stdout.slice(stdout.indexOf('Failures:')));
  } finally {
    origin.stop();
    await proxy.stop();
  }
}

test('h2spec finds nothing wrong with how Weft serves HTTP/2', options, () => judge({}));

test('h2spec finds nothing wrong with how Weft serves HTTP/2 over TLS', options, async () => {
  const { cert, key } = await (await AuthorityForTest.create()).issue({ dns: ['a.test'] });
  const typedConfig = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    commonTlsContext: {
      alpnProtocols: ['h2'],
      tlsCertificates: [{ certificateChain: { inlineString: cert }, privateKey: { inlineString: key } }],
    },
  };
  await judge({ transportSocket: { name: 'tls', typedConfig } }, '-t', '-k');
});
