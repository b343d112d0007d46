import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rebalance } from './rebalance.ts';

const weightsOf100 = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 6 }).map((raw) => {
  const total = raw.reduce((sum, value) => sum + value, 0);
  const scaled = raw.map((value) => (total === 0 ? 0 : Math.floor((value / total) * 100)));
  scaled[0] = (scaled[0] ?? 0) + 100 - scaled.reduce((sum, value) => sum + value, 0);
  return scaled;
});

test('the other version takes the rest', () => {
  assert.deepEqual(rebalance([90, 10], 1, 50), [50, 50]);
  assert.deepEqual(rebalance([90, 10], 0, 0), [0, 100]);
});

test('several others keep their proportion', () => {
  assert.deepEqual(rebalance([60, 30, 10], 0, 20), [20, 60, 20]);
  assert.deepEqual(rebalance([34, 33, 33], 0, 0), [0, 50, 50]);
});

test('others that are all zero take the rest at the first of them', () => {
  assert.deepEqual(rebalance([100, 0, 0], 0, 80), [80, 20, 0]);
});

test('a single destination keeps everything', () => {
  assert.deepEqual(rebalance([100], 0, 10), [100]);
});

test('the sum is always 100, in whole numbers between 0 and 100, and the moved weight is as asked', () => {
  fc.assert(
    fc.property(weightsOf100, fc.nat(), fc.integer({ min: 0, max: 100 }), (weights, pick, weight) => {
      const index = pick % weights.length;
      const result = rebalance(weights, index, weight);
      assert.equal(
        result.reduce((sum, value) => sum + value, 0),
        100,
      );
      assert.ok(result.every((value) => Number.isInteger(value) && value >= 0 && value <= 100));
      assert.equal(result[index], weight);
    }),
  );
});
