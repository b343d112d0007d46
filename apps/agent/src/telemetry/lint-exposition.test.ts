import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonLabels } from './istio-metric-names.ts';
import { lintExposition } from './lint-exposition.ts';

const messages = (page: string): readonly string[] => lintExposition(page).map(({ line, message }) => `${line} ${message}`);
const labels = (over: Readonly<Record<string, string>> = {}, without: readonly string[] = []): string =>
  commonLabels
    .filter((label) => !without.includes(label))
    .map((label) => `${label}="${over[label] ?? (label === 'reporter' ? 'source' : 'unknown')}"`)
    .join(',');
const requests = (text: string): string => `# TYPE istio_requests_total counter\nistio_requests_total{${text}} 1\n`;

test('a page as proxies write it is in order', () => {
  const histogram = ['1', '5', '+Inf'].map((le, at) => `envoy_time_bucket{a="x\\"y",le="${le}"} ${at}\n`).join('');
  const page = `# HELP up whether it is\n# TYPE up gauge\nup 1\n# TYPE envoy_time histogram\n${histogram}envoy_time_sum{a="x\\"y"} 9\nenvoy_time_count{a="x\\"y"} 2\n${requests(labels({ grpc_response_status: '' }))}`;
  assert.deepEqual(messages(page), []);
});

test('breaches of the format are named with their lines', () => {
  assert.match(messages('up one\n')[0] ?? '', /^1 expected a number/);
  assert.match(messages('1up 1\n')[0] ?? '', /^1 not a sample/);
  assert.match(messages('up{a=b} 1\n')[0] ?? '', /^1 labels are written/);
  assert.match(messages('up{a="1",a="2"} 1\n')[0] ?? '', /given twice/);
  assert.match(messages('up{a="1"} 1\nup{a="1"} 1\n')[0] ?? '', /^2 the same series as on line 1/);
  assert.match(messages('a 1\nb 1\na{x="1"} 1\n')[0] ?? '', /^3 the samples of a must stand together/);
  assert.match(messages('a 1\n# TYPE a counter\n')[0] ?? '', /^2 # TYPE must come before/);
  assert.match(messages('# TYPE a number\n')[0] ?? '', /unknown type/);
  assert.match(messages('# TYPE a counter\na -1\n')[0] ?? '', /negative/);
  assert.match(messages('a 1')[0] ?? '', /newline/);
});

test('buckets grow, are cumulative and end with +Inf', () => {
  const page = (buckets: string): string => `# TYPE h histogram\n${buckets}`;
  assert.match(messages(page('h_bucket{le="5"} 1\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 2\n'))[0] ?? '', /^3 le must grow/);
  assert.match(messages(page('h_bucket{le="1"} 3\nh_bucket{le="+Inf"} 2\n'))[0] ?? '', /^3 buckets are cumulative/);
  assert.match(messages(page('h_bucket{le="1"} 3\n'))[0] ?? '', /\+Inf/);
});

test("Istio's metrics have Istio's names, types, labels and values", () => {
  assert.match(messages('# TYPE istio_request_total counter\nistio_request_total 1\n')[0] ?? '', /no standard metric/);
  assert.match(messages('# TYPE istio_requests_total gauge\n')[0] ?? '', /is a counter/);
  assert.deepEqual(messages(requests(labels({}, ['source_app', 'response_flags']))), ['2 labels are missing: source_app, response_flags']);
  assert.match(messages(requests(labels({ reporter: 'client' })))[0] ?? '', /expected source, destination or waypoint/);
  assert.match(messages(requests(labels({ connection_security_policy: 'mutual_tls' })))[0] ?? '', /a source reports unknown/);
  assert.match(messages(requests(labels({ source_app: '' })))[0] ?? '', /unknown, not empty: source_app/);
  const tcp = `# TYPE istio_tcp_sent_bytes_total counter\nistio_tcp_sent_bytes_total{${labels({}, ['response_code', 'grpc_response_status'])}} 1\n`;
  assert.deepEqual(messages(tcp), []);
});
