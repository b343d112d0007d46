import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterScope } from './cluster-stats.ts';
import { prometheusText } from './prometheus-text.ts';
import { Counter, Histogram, labelSet, Registry } from './registry.ts';
import { SeriesTable } from './series-table.ts';
import { mergeSamples } from './stat-sample.ts';
import { buildStatsConfig } from './stats-config.ts';
import { statsJson, statsText } from './stats-text.ts';

function filled(): Registry {
  const registry = new Registry(() => [1, 10]);
  const scope = clusterScope('outbound|80||a.b');
  registry.counter(scope, 'upstream_rq_total').add(3);
  registry.counter(scope, 'upstream_rq_5xx').increment();
  registry.counter(scope, 'upstream_rq_503').increment();
  registry.readGauge(scope, 'upstream_cx_active', () => 2);
  const time = registry.histogram(scope, 'upstream_rq_time');
  for (const value of [0.5, 5, 50]) time.observe(value);
  registry.custom('istio_requests_total', labelSet([['reporter', 'so"urce']]), () => new Counter()).increment();
  return registry;
}

test('Prometheus sees the tags that Envoy extracts, counters first', () => {
  const lines = prometheusText(filled().samples()).split('\n');
  assert.deepEqual(lines, [
    '# TYPE envoy_cluster_upstream_rq counter',
    'envoy_cluster_upstream_rq{envoy_response_code="503",envoy_cluster_name="outbound|80||a.b"} 1',
    '# TYPE envoy_cluster_upstream_rq_total counter',
    'envoy_cluster_upstream_rq_total{envoy_cluster_name="outbound|80||a.b"} 3',
    '# TYPE envoy_cluster_upstream_rq_xx counter',
    'envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="outbound|80||a.b"} 1',
    '# TYPE istio_requests_total counter',
    'istio_requests_total{reporter="so\\"urce"} 1',
    '# TYPE envoy_cluster_upstream_cx_active gauge',
    'envoy_cluster_upstream_cx_active{envoy_cluster_name="outbound|80||a.b"} 2',
    '# TYPE envoy_cluster_upstream_rq_time histogram',
    'envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="outbound|80||a.b",le="1"} 1',
    'envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="outbound|80||a.b",le="10"} 2',
    'envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="outbound|80||a.b",le="+Inf"} 3',
    'envoy_cluster_upstream_rq_time_sum{envoy_cluster_name="outbound|80||a.b"} 55.5',
    'envoy_cluster_upstream_rq_time_count{envoy_cluster_name="outbound|80||a.b"} 3',
    '',
  ]);
});

test('plain stats have dotted names, histograms last', () => {
  const lines = statsText(filled().samples()).split('\n');
  assert.equal(lines[0], 'cluster.outbound|80||a.b.upstream_cx_active: 2');
  assert.ok(lines.includes('istiocustom.istio_requests_total.reporter.so"urce: 1'));
  assert.match(lines.at(-2) ?? '', /^cluster\.outbound\|80\|\|a\.b\.upstream_rq_time: P0\(nan,0\) .*P100\(nan,10\)$/);
  const json = statsJson(filled().samples()) as { stats: { name?: string; histograms?: object }[] };
  assert.equal(json.stats.length, 6);
  assert.ok(json.stats[5]?.histograms);
});

test('the stats of threads add up', () => {
  const merged = mergeSamples([filled().samples(), filled().samples()]);
  const text = prometheusText(merged);
  assert.match(text, /upstream_rq_total\{[^}]*\} 6/);
  assert.match(text, /upstream_rq_time_bucket\{[^}]*le="10"\} 4/);
  assert.equal(merged.length, filled().samples().length);
});

test('a series goes with its last user, a scope with all its stats', () => {
  const registry = new Registry();
  const labels = labelSet([['a', 'b']]);
  const first = registry.custom('istio_x', labels, () => new Counter());
  assert.equal(
    registry.custom('istio_x', labels, () => new Counter()),
    first,
  );
  registry.release('istio_x', labels);
  assert.equal(registry.samples().length, 1);
  registry.release('istio_x', labels);
  assert.equal(registry.samples().length, 0);
  registry.counter(clusterScope('a'), 'x');
  registry.counter(clusterScope('a.b'), 'x');
  registry.forgetScope(clusterScope('a'));
  assert.deepEqual(
    registry.samples().map(({ name }) => name),
    ['cluster.a.b.x'],
  );
});

test('the bootstrap says which buckets, tags and names', () => {
  const config = buildStatsConfig({
    node: { metadata: { ANNOTATIONS: { 'sidecar.istio.io/statsHistogramBuckets': '{"istiocustom":[5,1]}' } } },
    statsConfig: {
      useAllDefaultTags: false,
      statsTags: [
        { tagName: 'cluster_name', regex: '^cluster\\.((.+?(\\..+?\\.svc\\.cluster\\.local)?)\\.)' },
        { tagName: 'site', fixedValue: 'here' },
      ],
      histogramBucketSettings: [{ match: { prefix: 'cluster.' }, buckets: [2] }],
      statsMatcher: { inclusionList: { patterns: [{ suffix: 'upstream_rq_total' }] } },
    },
  });
  assert.deepEqual(config.bucketsOf('istiocustom.istio_request_bytes'), [1, 5]);
  assert.deepEqual(config.bucketsOf('cluster.a.upstream_rq_time'), [2]);
  assert.equal(config.bucketsOf('http.a.downstream_rq_time').length, 19);
  const registry = new Registry();
  const scope = clusterScope('outbound|80||web.shop.svc.cluster.local');
  registry.counter(scope, 'upstream_rq_total');
  registry.counter(scope, 'upstream_rq_timeout');
  assert.equal(
    prometheusText(config.retagged(registry.samples(config.isShown))),
    '# TYPE envoy_cluster_upstream_rq_total counter\nenvoy_cluster_upstream_rq_total{cluster_name="outbound|80||web.shop.svc.cluster.local",site="here"} 0\n',
  );
});

test('series of random callers are bounded, those unused for longest go', () => {
  const table = new SeriesTable<{ usedAt: number; release(): void }>();
  let released = 0;
  for (let i = 0; i < 10_000; i++) table.add(`host-${i}`, { usedAt: i, release: () => released++ });
  assert.ok(released >= 6000);
  assert.equal(table.get('host-0'), undefined);
  assert.ok(table.get('host-9999'));
});

test('series that are not used for an interval rotate out', () => {
  const table = new SeriesTable<{ usedAt: number; release(): void }>();
  let released = 0;
  table.add('old', { usedAt: 0, release: () => released++ });
  table.add('new', { usedAt: 900, release: () => released++ });
  table.rotate(0, 10_000);
  assert.equal(released, 0);
  table.rotate(1000, 1500);
  assert.equal(released, 1);
  assert.ok(table.get('new'));
});

test('values on a bound belong to its bucket', () => {
  const histogram = new Histogram([1, 10]);
  for (const value of [1, 10, 10.1]) histogram.observe(value);
  assert.deepEqual([...histogram.counts], [1, 1, 1]);
});
