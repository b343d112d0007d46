import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { selectsLabels } from '../base/labels.ts';
import { createSelectorIndex } from './selector-index.ts';

test('an index finds what looking at each selector finds, in the same order', () => {
  const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.constantFrom('1', '2'), {
    maxKeys: 3,
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(fc.array(labels, { maxLength: 12 }), labels, (selectors, wanted) => {
      const index = createSelectorIndex(selectors, (selector) => selector);
      const expected = selectors.filter((selector) => selectsLabels(selector, wanted));
      assert.deepEqual(index.selecting(wanted), expected);
      assert.equal(index.isSelected(wanted), expected.length > 0);
    }),
  );
});
