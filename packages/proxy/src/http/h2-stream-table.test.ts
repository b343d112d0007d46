import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StreamTable } from './h2-stream-table.ts';

test('the stream table behaves as a map through any churn', () => {
  const step = fc.tuple(fc.constantFrom('set', 'delete'), fc.nat(200));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const table = new StreamTable<string>();
      const model = new Map<number, string>();
      for (const [what, index] of steps) {
        const id = index * 2 + 1;
        if (what === 'set') {
          table.set(id, `s${id}`);
          model.set(id, `s${id}`);
        } else {
          table.delete(id);
          model.delete(id);
        }
      }
      assert.equal(table.size, model.size);
      for (let id = 1; id < 403; id += 2) assert.equal(table.get(id), model.get(id));
      assert.deepEqual(table.values().sort(), [...model.values()].sort());
    }),
  );
});
