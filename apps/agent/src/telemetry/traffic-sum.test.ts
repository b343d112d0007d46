import assert from 'node:assert/strict';
import { test } from 'node:test';
import { column, noIncreases } from './columns.ts';
import { readTrafficLabels } from './traffic-labels.ts';
import { TrafficSum } from './traffic-sum.ts';

function sumOf(parts: readonly (readonly [labels: Readonly<Record<string, string>>, requests: number])[]): TrafficSum {
  const sum = new TrafficSum();
  for (const [labels, requests] of parts) {
    const increases = noIncreases();
    increases[column.requests] = requests;
    sum.add(readTrafficLabels(new Map(Object.entries(labels))), increases);
  }
  return sum;
}

const http = (code: string): Readonly<Record<string, string>> => ({ request_protocol: 'http', response_code: code });

test('health follows the shares of errors', () => {
  const cases: readonly (readonly [name: string, parts: Parameters<typeof sumOf>[0], health: string])[] = [
    ['no request', [], 'idle'],
    ['all well', [[http('200'), 100]], 'healthy'],
    [
      'one 5xx',
      [
        [http('200'), 999],
        [http('503'), 1],
      ],
      'degraded',
    ],
    [
      'a tenth 5xx',
      [
        [http('200'), 90],
        [http('500'), 10],
      ],
      'failure',
    ],
    [
      'few 4xx',
      [
        [http('200'), 95],
        [http('404'), 5],
      ],
      'healthy',
    ],
    [
      'a tenth 4xx',
      [
        [http('200'), 90],
        [http('403'), 10],
      ],
      'degraded',
    ],
    [
      'a fifth 4xx',
      [
        [http('200'), 80],
        [http('403'), 20],
      ],
      'failure',
    ],
    [
      'no response',
      [
        [http('200'), 99],
        [http('0'), 1],
      ],
      'degraded',
    ],
    ['gRPC failure with status 200', [[{ request_protocol: 'grpc', response_code: '200', grpc_response_status: '14' }, 1]], 'failure'],
  ];
  for (const [name, parts, health] of cases) assert.equal(sumOf(parts).health(), health, name);
});

test('rates, shares and codes come from the counts and the time', () => {
  const sum = sumOf([
    [http('200'), 30],
    [http('503'), 10],
  ]);
  assert.equal(sum.stats(10).requestRate, 4);
  assert.equal(sum.stats(10).errorPercent, 25);
  assert.deepEqual(
    sum.codes(10).map(({ code, percent }) => [code, percent]),
    [
      ['200', 75],
      ['503', 25],
    ],
  );
});

test('the share of mTLS is known only where a receiver reported it', () => {
  assert.equal(sumOf([[http('200'), 1]]).mtlsPercent, null);
  const mixed = sumOf([
    [{ ...http('200'), connection_security_policy: 'mutual_tls' }, 3],
    [{ ...http('200'), connection_security_policy: 'none' }, 1],
  ]);
  assert.equal(mixed.mtlsPercent, 75);
});

test('what fails now is a failure in a long time too, and what failed earlier is degraded', () => {
  const sum = (recent: Readonly<Record<string, number>>, whole: Readonly<Record<string, number>>): string => {
    const total = new TrafficSum();
    for (const [code, requests] of Object.entries(whole)) {
      const increases = noIncreases();
      increases[column.requests] = requests;
      total.add(readTrafficLabels(new Map(Object.entries(http(code)))), increases, recent[code] ?? 0);
    }
    return total.health();
  };
  assert.equal(sum({ 403: 5, 200: 5 }, { 403: 5, 200: 995 }), 'failure');
  assert.equal(sum({ 200: 10 }, { 403: 500, 200: 500 }), 'degraded');
  assert.equal(sum({}, { 403: 500, 200: 500 }), 'failure');
});

test('the mTLS share of TCP counts the bytes of connections that were opened earlier', () => {
  const increases = noIncreases();
  increases[column.sentBytes] = 40;
  const sum = new TrafficSum();
  sum.add(readTrafficLabels(new Map(Object.entries({ request_protocol: 'tcp', connection_security_policy: 'mutual_tls' }))), increases);
  assert.equal(sum.mtlsPercent, 100);
});
