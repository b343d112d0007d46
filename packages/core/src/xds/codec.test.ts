import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { decodeSnapshot, encodeResource, encodeSnapshot, tryDecodeResource } from './codec.ts';
import { diffSnapshots } from './diff.ts';
import { typeUrls } from './type-urls.ts';

const snapshot: Snapshot = {
  clusters: [
    {
      name: 'a',
      type: 'EDS',
      connectTimeout: '0.250s',
      edsClusterConfig: { edsConfig: { ads: {} }, serviceName: 'a' },
      metadata: { filterMetadata: { istio: { config: '/x' } } },
    },
    { name: 'b', type: 'STATIC', ringHashLbConfig: { minimumRingSize: '1024' } },
  ],
  endpoints: [
    {
      clusterName: 'a',
      endpoints: [
        { lbEndpoints: [{ endpoint: { address: { socketAddress: { address: '10.0.0.1', portValue: 80 } } }, loadBalancingWeight: 2 }] },
      ],
    },
  ],
  listeners: [
    {
      name: 'l',
      address: { socketAddress: { address: '0.0.0.0', portValue: 80 } },
      filterChains: [
        {
          filters: [
            {
              name: 'http',
              typedConfig: {
                '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                statPrefix: 's',
                rds: { routeConfigName: 'r', configSource: { ads: {} } },
              },
            },
          ],
        },
      ],
    } as never,
  ],
  routes: [
    {
      name: 'r',
      virtualHosts: [{ name: 'h', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'a', timeout: '1.500s' } }] }],
    },
  ],
  secrets: [{ name: 'default', tlsCertificate: { certificateChain: { inlineString: 'pem' } } }],
};

test('a snapshot comes back from the wire as it was', () => {
  assert.deepEqual(decodeSnapshot(encodeSnapshot(snapshot)), { ok: true, value: snapshot });
});

test('resources are sent clusters first', () => {
  assert.deepEqual(
    encodeSnapshot(snapshot).map(({ type, name }) => `${type} ${name}`),
    ['cds a', 'cds b', 'eds a', 'lds l', 'rds r', 'sds default'],
  );
});

test('bytes that are no resource are an error, not an exception', () => {
  const decoded = tryDecodeResource(typeUrls.cds, Uint8Array.of(0xff, 0xff, 0xff));
  assert.equal(decoded.ok, false);
});

test('a field that its message does not have is refused when encoding', () => {
  assert.throws(() => encodeResource(typeUrls.cds, { name: 'a', colour: 'red' }), /colour/);
});

test('a difference names what was added, changed and removed, by content', () => {
  const [first, second] = snapshot.clusters;
  const after: Snapshot = {
    ...snapshot,
    clusters: [{ ...first, connectTimeout: '1s' }, { name: 'c' }],
    endpoints: structuredClone(snapshot.endpoints) as never,
  };
  assert.ok(second);
  assert.deepEqual(diffSnapshots(snapshot, after), [{ type: 'cds', added: ['c'], changed: ['a'], removed: ['b'] }]);
});
