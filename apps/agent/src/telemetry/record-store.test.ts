import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrafficRecord } from '../api/types.ts';
import { RecordStore } from './record-store.ts';
import { noPeer } from './workload-index.ts';

const record = (code: number): Omit<TrafficRecord, 'id'> => ({
  at: 0,
  reporter: 'source',
  proxy: '',
  source: noPeer,
  destination: noPeer,
  service: '',
  protocol: 'http',
  method: 'GET',
  path: '/',
  authority: '',
  code,
  grpcStatus: null,
  flags: [],
  details: '',
  durationMs: 1,
  requestBytes: 0,
  responseBytes: 0,
  attempts: 1,
  requestId: '',
  traceId: '',
  routeName: '',
  upstreamCluster: '',
  upstreamHost: '',
  mtls: false,
  refusedBy: null,
});

test('the newest records are kept, newest first', () => {
  const store = new RecordStore(4);
  for (let code = 200; code < 210; code++) store.add([record(code)]);
  assert.deepEqual(
    store.find(() => true, 10).map(({ code }) => code),
    [209, 208, 207, 206],
  );
});

test('an error is still found when many good requests came after it, and only once while it is recent', () => {
  const store = new RecordStore(8);
  store.add([record(503)]);
  assert.equal(store.find(({ code }) => code === 503, 10).length, 1);
  for (let index = 0; index < 20; index++) store.add([record(200)]);
  assert.equal(store.find(({ code }) => code === 503, 10).length, 1);
});
