import assert from 'node:assert/strict';
import { test } from 'node:test';
import { yamlContextAt } from './yaml-context.ts';

const text = `kind: VirtualService
metadata:
  name: a
spec:
  hosts:
  - a
  http:
    - match:
        - uri:
            prefix: /x
      route:
        - destination:
            host: a
            # the new one
            subset: v2
          weight: 10
---
kind: Gateway
spec:
`;

const at = (line: number, column: number) => {
  const context = yamlContextAt(text, line, column);
  return context === null ? null : [context.parent.join('.'), context.key, context.isValue];
};

test('a key is found with the path of its mapping', () => {
  assert.deepEqual(at(0, 2), ['', 'kind', false]);
  assert.deepEqual(at(2, 4), ['metadata', 'name', false]);
  assert.deepEqual(at(4, 4), ['spec', 'hosts', false]);
});

test('items of lists are steps of their own, whether dashes are indented or not', () => {
  assert.deepEqual(at(5, 4), ['spec.hosts.[]', 'a', false]);
  assert.deepEqual(at(7, 8), ['spec.http.[]', 'match', false]);
  assert.deepEqual(at(9, 14), ['spec.http.[].match.[].uri', 'prefix', false]);
  assert.deepEqual(at(10, 8), ['spec.http.[]', 'route', false]);
  assert.deepEqual(at(14, 14), ['spec.http.[].route.[].destination', 'subset', false]);
  assert.deepEqual(at(15, 12), ['spec.http.[].route.[]', 'weight', false]);
});

test('behind the colon is the value', () => {
  assert.deepEqual(at(0, 7), ['', 'kind', true]);
  assert.deepEqual(at(15, 18), ['spec.http.[].route.[]', 'weight', true]);
});

test('an empty line takes its place from the column', () => {
  assert.deepEqual(at(19, 2), ['spec', '', false]);
  assert.deepEqual(at(19, 0), ['', '', false]);
});

test('documents do not see each other, and comments are about nothing', () => {
  assert.equal(yamlContextAt(text, 18, 2)?.documentLine, 17);
  assert.equal(at(13, 20), null);
});
