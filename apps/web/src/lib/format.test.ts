import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, formatBytes, formatMs, formatPercent, formatRate, formatSpan } from './format.ts';

test('rates have two decimals', () => {
  assert.equal(formatRate(12.345), '12.35');
  assert.equal(formatRate(0), '0.00');
  assert.equal(formatRate(12_345), '12.3k');
  assert.equal(formatRate(null), '–');
});

test('latencies turn from milliseconds to seconds at one thousand', () => {
  assert.equal(formatMs(4.25), '4.3 ms');
  assert.equal(formatMs(999), '999 ms');
  assert.equal(formatMs(1000), '1.00 s');
});

test('a tiny share is not shown as nothing', () => {
  assert.equal(formatPercent(0), '0 %');
  assert.equal(formatPercent(0.004), '< 0.01 %');
  assert.equal(formatPercent(3.256), '3.26 %');
  assert.equal(formatPercent(50), '50.0 %');
});

test('bytes and spans take the largest fitting unit', () => {
  assert.equal(formatBytes(999), '999 B');
  assert.equal(formatBytes(1500), '1.5 kB');
  assert.equal(formatSpan(59_000), '59 s');
  assert.equal(formatSpan(61_000), '1 min');
  assert.equal(formatSpan(3 * 86_400_000), '3 d');
});

test('counts agree with their noun', () => {
  assert.equal(count(1, 'proxy', 'proxies'), '1 proxy');
  assert.equal(count(2, 'proxy', 'proxies'), '2 proxies');
});
