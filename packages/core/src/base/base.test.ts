import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalIp, cidrContains, parseCidr, parseIp } from './addresses.ts';
import { formatDuration, parseDurationMs } from './durations.ts';
import { selectsByExpressions, selectsLabels } from './labels.ts';
import { formatRef, refKey } from './refs.ts';
import { formatSpiffe, parseSpiffe } from './spiffe.ts';
import { stableHash, stableText } from './stable-hash.ts';

test('durations are read as Go and protojson write them', () => {
  const rows: [string, number | null][] = [
    ['5s', 5000],
    ['0.250s', 250],
    ['1h2m3.5s', 3_723_500],
    ['250ms', 250],
    ['0', 0],
    ['-1s', -1000],
    ['5', null],
    ['', null],
    ['1d', null],
    ['s', null],
  ];
  for (const [text, expected] of rows) assert.equal(parseDurationMs(text), expected, text);
});

test('a written duration reads back as the same time', () => {
  assert.equal(formatDuration(250), '0.250s');
  assert.equal(formatDuration(10_000), '10s');
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 1e9 }), (ms) => {
      assert.equal(parseDurationMs(formatDuration(ms)), ms);
    }),
  );
});

test('addresses and networks of both families are told apart', () => {
  assert.deepEqual(parseIp('10.0.0.1'), [10, 0, 0, 1]);
  assert.equal(parseIp('10.1'), null);
  assert.equal(parseIp('010.0.0.1'), null);
  assert.equal(parseIp('fe80::1%eth0'), null);
  assert.equal(parseCidr('10.0.0.0/33'), null);
  assert.equal(canonicalIp('2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
  const network = parseCidr('10.1.2.0/23');
  assert.ok(network && cidrContains(network, [10, 1, 3, 200]) && !cidrContains(network, [10, 1, 4, 0]));
  assert.ok(network && !cidrContains(network, parseIp('::1') ?? []));
});

test('a selector needs every label, and an empty one selects everything', () => {
  assert.ok(selectsLabels({ app: 'a' }, { app: 'a', version: 'v1' }));
  assert.ok(!selectsLabels({ app: 'a', version: 'v2' }, { app: 'a' }));
  assert.ok(selectsLabels({}, {}) && selectsLabels(undefined, {}));
  assert.ok(!selectsLabels({ toString: 'x' }, {}));
  assert.ok(selectsByExpressions({ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['x'] }] }, {}));
  assert.ok(!selectsByExpressions({ matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, {}));
});

test('the hash of a value does not depend on the order of its keys', () => {
  assert.equal(stableHash({ a: 1, b: [1, { c: 2 }] }), stableHash({ b: [1, { c: 2 }], a: 1 }));
  assert.notEqual(stableHash({ a: 1 }), stableHash({ a: 2 }));
  assert.equal(stableText({ a: undefined, b: null }), '{"b":null}');
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).reverse());
      assert.equal(stableHash(value), stableHash(reversed));
    }),
  );
});

test('identities and references have one spelling', () => {
  const identity = { trustDomain: 'cluster.local', namespace: 'ns', serviceAccount: 'sa' };
  assert.deepEqual(parseSpiffe(formatSpiffe(identity)), identity);
  assert.equal(parseSpiffe('spiffe://td/ns/x'), null);
  assert.equal(refKey({ group: 'g', kind: 'K', namespace: 'n', name: 'x' }), 'g/K/n/x');
  assert.equal(formatRef({ group: 'g', kind: 'Namespace', namespace: '', name: 'x' }), 'Namespace x');
});
