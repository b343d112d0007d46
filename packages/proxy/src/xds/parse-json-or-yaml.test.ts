import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJsonOrYaml } from './parse-json-or-yaml.ts';

test('JSON and YAML mean the same, and what begins as JSON may be YAML', () => {
  const expected = { node: { id: 'a' }, list: [1, 'x'] };
  assert.deepEqual(parseJsonOrYaml(' {"node": {"id": "a"}, "list": [1, "x"]}\n'), expected);
  assert.deepEqual(parseJsonOrYaml('node:\n  id: a\nlist: [1, x]\n'), expected);
  assert.deepEqual(parseJsonOrYaml('{node: {id: a}, list: [1, x,]} # flow style\n'), expected);
});

test('what is neither is refused with its line', () => {
  assert.throws(() => parseJsonOrYaml('{"node": \n'), /line 1, column 10/);
});
