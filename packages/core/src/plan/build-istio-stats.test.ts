import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildIstioStats } from './build-istio-stats.ts';

test('a filter without settings changes nothing', () => {
  const plan = buildIstioStats({});
  assert.equal(plan.overrides, null);
  assert.equal(plan.usesHostHeader, true);
  assert.equal(plan.reportingIntervalMs, 5000);
  assert.equal(plan.reporter, null);
});

test('metrics are dropped, tags removed, changed and added', () => {
  const plan = buildIstioStats({
    disableHostHeaderFallback: true,
    tcpReportingDuration: '1.5s',
    reporter: 'SERVER_GATEWAY',
    metrics: [
      { name: 'request_bytes', drop: true },
      { tagsToRemove: ['response_flags', 'no_such_tag'], dimensions: { zone: "'a'" } },
      { name: 'requests_total', dimensions: { destination_service: 'request.host', zone: 'request.method' } },
    ],
  });
  const { overrides } = plan;
  assert.equal(plan.usesHostHeader, false);
  assert.equal(plan.reportingIntervalMs, 1500);
  assert.equal(plan.reporter, 'destination');
  assert.ok(overrides !== null);
  assert.deepEqual([...overrides.dropped], ['request_bytes']);
  assert.deepEqual(Object.fromEntries(overrides.changes.get('requests_total') ?? []), { response_flags: null, destination_service: 1 });
  assert.deepEqual(Object.fromEntries(overrides.changes.get('tcp_sent_bytes_total') ?? []), { response_flags: null });
  assert.deepEqual(overrides.additions.get('requests_total'), [
    ['zone', 0],
    ['zone', 2],
  ]);
});

test('a standard tag whose expression is no CEL is left out; an added one is not made', () => {
  const { overrides } = buildIstioStats({ metrics: [{ name: 'requests_total', dimensions: { source_app: 'a b', extra: ')' } }] });
  assert.equal(overrides?.changes.get('requests_total')?.get('source_app'), null);
  assert.equal(overrides?.additions.size, 0);
});

test('custom metrics take tags, standard ones cannot be defined again', () => {
  const { overrides } = buildIstioStats({
    definitions: [
      { name: 'mine', value: 'request.size', type: 'HISTOGRAM' },
      { name: 'requests_total', value: '1' },
    ],
    metrics: [{ name: 'mine', dimensions: { reporter: "'me'", path: 'request.path' } }],
  });
  assert.deepEqual(overrides?.custom, [{ name: 'mine', type: 'histogram', value: 0 }]);
  assert.deepEqual(
    overrides?.additions.get('mine')?.map(([name]) => name),
    ['path', 'reporter'],
  );
});
