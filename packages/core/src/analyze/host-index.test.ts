import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hostMatches, hostSubsetOf } from '../base/hosts.ts';
import { createHostIndex } from './host-index.ts';

const hosts = fc
  .tuple(fc.boolean(), fc.array(fc.constantFrom('a', 'b', 'ab', 'C'), { minLength: 1, maxLength: 3 }))
  .map(([wild, parts]) => (wild ? `*${parts.join('.')}` : parts.join('.')));

test('an index finds what looking at each host finds', () => {
  fc.assert(
    fc.property(fc.uniqueArray(hosts, { maxLength: 12 }), hosts, (all, host) => {
      const index = createHostIndex(all, (item) => item);
      assert.deepEqual(index.overlapping(host).toSorted(), all.filter((other) => hostMatches(other, host)).toSorted());
      const covering = all.filter((other) => other.startsWith('*') && hostSubsetOf(host, other));
      assert.deepEqual(index.covering(host).toSorted(), covering.toSorted());
      if (host.startsWith('*'))
        assert.deepEqual(index.within(host).toSorted(), all.filter((other) => hostSubsetOf(other, host)).toSorted());
    }),
  );
});

test('the most specific pattern comes first', () => {
  const index = createHostIndex(['*', '*.b.com', '*.com', '*.a.b.com'], (host) => host);
  assert.deepEqual(index.covering('x.a.b.com'), ['*.a.b.com', '*.b.com', '*.com', '*']);
});
