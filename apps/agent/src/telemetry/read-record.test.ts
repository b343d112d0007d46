import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson } from '@bufbuild/protobuf';
import { parseNode } from '@weft/core/mesh/parse-node';
import { type HTTPAccessLogEntryJson, HTTPAccessLogEntrySchema } from '@weft/envoy-api/envoy/data/accesslog/v3/accesslog_pb';
import { parseClusterName, readRecord } from './read-record.ts';
import type { WorkloadIndex } from './workload-index.ts';

const workloads: WorkloadIndex = { at: () => null, acceptsMtls: () => false, ofPrincipal: () => null };

function read(entry: HTTPAccessLogEntryJson) {
  const node = parseNode({
    id: 'sidecar~127.0.0.1~payment-v1.shop~shop.svc.cluster.local',
    metadata: { LABELS: { app: 'payment', version: 'v1' } },
  });
  assert.ok(node);
  return readRecord(fromJson(HTTPAccessLogEntrySchema, entry), { node, workloads, now: 5 });
}

test('a refused request names the policy and the rule, and who was refused', () => {
  const record = read({
    commonProperties: {
      upstreamCluster: 'inbound|8080||',
      tlsProperties: { peerCertificateProperties: { subjectAltName: [{ uri: 'spiffe://cluster.local/ns/shop/sa/storefront' }] } },
    },
    request: { requestMethod: 'POST', path: '/pay', authority: 'payment' },
    response: { responseCode: 403, responseCodeDetails: 'rbac_access_denied_matched_policy[ns[shop]-policy[no-post]-rule[2]]' },
  });
  assert.deepEqual(record.refusedBy, { policy: 'AuthorizationPolicy/shop/no-post', rule: 2 });
  assert.deepEqual([record.source.principal, record.source.app], ['cluster.local/ns/shop/sa/storefront', 'storefront']);
  assert.deepEqual([record.destination.app, record.destination.version, record.reporter], ['payment', 'v1', 'destination']);
});

test('a request that no ALLOW rule took is refused by no policy', () => {
  const record = read({ response: { responseCode: 403, responseCodeDetails: 'rbac_access_denied_matched_policy[none]' } });
  assert.deepEqual(record.refusedBy, { policy: null, rule: null });
});

test('an outbound request tells its service from the cluster, and its flags by their short names', () => {
  const record = read({
    commonProperties: {
      upstreamCluster: 'outbound|80|v2|orders.shop.svc.cluster.local',
      responseFlags: { upstreamConnectionFailure: true },
    },
    request: { requestMethod: 'GET', path: '/new', originalPath: '/old' },
    response: { responseCode: 503 },
  });
  assert.deepEqual(
    [record.service, record.flags, record.path, record.reporter],
    ['orders.shop.svc.cluster.local', ['UF'], '/old', 'source'],
  );
});

test('an entry without a request is a TCP connection', () => {
  assert.equal(read({ commonProperties: { upstreamCluster: 'outbound|9000||ledger.data.svc.cluster.local' } }).protocol, 'tcp');
});

test('cluster names are taken apart, other names are not', () => {
  assert.deepEqual(parseClusterName('outbound|80|v1|a.b'), { direction: 'outbound', port: 80, subset: 'v1', host: 'a.b' });
  assert.equal(parseClusterName('PassthroughCluster').direction, 'outbound');
  assert.equal(parseClusterName('xds-grpc').direction, 'other');
});
