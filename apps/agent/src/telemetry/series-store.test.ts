import assert from 'node:assert/strict';
import { test } from 'node:test';
import { column, latencyQuantile } from './columns.ts';
import { SeriesStore } from './series-store.ts';

const labels = (code: number): string =>
  `{reporter="source",source_workload="a",destination_workload="b",destination_service="b.shop.svc",request_protocol="http",response_code="${code}",response_flags="-"}`;
const bucket = (code: number, le: string, count: number): string =>
  `istio_request_duration_milliseconds_bucket${labels(code).replace('}', `,le="${le}"}`)} ${count}\n`;

/** A page after `requests` requests of 3 ms each. */
function page(requests: number, code = 200): string {
  const total = `# TYPE istio_requests_total counter\nistio_requests_total${labels(code)} ${requests}\n`;
  return `${total}${bucket(code, '1', 0)}${bucket(code, '5', requests)}${bucket(code, '10', requests)}${bucket(code, '+Inf', requests)}`;
}

const all = (): string => 'all';

test('the increase between two scrapes is counted, and the first page is only where counting starts', () => {
  let now = 100_000;
  const store = new SeriesStore(() => now);
  store.ingest('p', page(1_000), now);
  now += 1_000;
  store.ingest('p', page(1_030), now);
  const sums = store.query({ from: now - 10_000, to: now + 1, keyOf: all }).get('all');
  assert.equal(sums?.[column.requests], 30);
});

test('a series that appears later was born at zero, and a counter that falls was started again', () => {
  let now = 100_000;
  const store = new SeriesStore(() => now);
  store.ingest('p', '', now);
  now += 1_000;
  store.ingest('p', page(7), now);
  now += 1_000;
  store.ingest('p', page(2), now);
  assert.equal(store.query({ from: 0, to: now + 1, keyOf: all }).get('all')?.[column.requests], 9);
});

test('cumulative buckets become counts of their own, so that quantiles come out', () => {
  let now = 100_000;
  const store = new SeriesStore(() => now);
  store.ingest('p', '', now);
  now += 1_000;
  store.ingest('p', page(10), now);
  const sums = store.query({ from: 0, to: now + 1, keyOf: all }).get('all');
  assert.ok(sums);
  assert.equal(latencyQuantile(sums, 0.5), 3);
  assert.equal(latencyQuantile(sums, 1), 5);
});

test('a window ends before its end and holds only what falls in it', () => {
  let now = 100_000;
  const store = new SeriesStore(() => now);
  store.ingest('p', page(0), now);
  for (const total of [1, 3, 7]) {
    now += 10_000;
    store.ingest('p', page(total), now);
  }
  assert.equal(store.query({ from: 115_000, to: 125_000, keyOf: all }).get('all')?.[column.requests], 2);
});

test('old increases are still known, at a coarser step', () => {
  let now = 1_000_000;
  const store = new SeriesStore(() => now);
  store.ingest('p', page(0), now);
  now += 1_000;
  store.ingest('p', page(5), now);
  now += 3_600_000;
  assert.equal(store.query({ from: 900_000, to: now, keyOf: all }).get('all')?.[column.requests], 5);
});

test('series are told apart by their labels', () => {
  let now = 100_000;
  const store = new SeriesStore(() => now);
  store.ingest('p', '', now);
  now += 1_000;
  store.ingest('p', page(4, 200) + page(1, 503), now);
  const byCode = store.query({ from: 0, to: now + 1, keyOf: ({ code }) => code });
  assert.deepEqual([byCode.get('200')?.[column.requests], byCode.get('503')?.[column.requests]], [4, 1]);
});
