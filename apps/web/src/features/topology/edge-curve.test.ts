import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bendAround, curveBetween, pointOn, svgPath } from './edge-curve.ts';

const from = { x: 0, y: 0 };
const to = { x: 200, y: 0 };

test('a curve with nothing in its way stays direct', () => {
  assert.equal(bendAround(from, to, 'RIGHT', [{ x: 80, y: 30, width: 40, height: 40 }]), 0);
  assert.equal(svgPath(curveBetween(from, to, 'RIGHT')), 'M0,0 C100,0 100,0 200,0');
});

test('a curve bends around a node, to the side that is free', () => {
  const node = { x: 80, y: -20, width: 40, height: 50 };
  const bend = bendAround(from, to, 'RIGHT', [node]);
  assert.equal(bend, 60);
  assert.ok(pointOn(curveBetween(from, to, 'RIGHT', bend), 0.5).y > node.y + node.height);
  assert.equal(bendAround(from, to, 'RIGHT', [node, { x: 80, y: 30, width: 40, height: 200 }]), -60);
});

test('downwards the same holds with the axes exchanged', () => {
  assert.equal(bendAround(from, { x: 0, y: 200 }, 'DOWN', [{ x: -20, y: 80, width: 50, height: 40 }]), 60);
});

test('where nothing helps it stays direct', () => {
  assert.equal(bendAround(from, to, 'RIGHT', [{ x: 80, y: -500, width: 40, height: 1000 }]), 0);
});
