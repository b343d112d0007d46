import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCoveringMatches, type EarlierMatch } from './covering-matches.ts';
import { covers, type HttpMatch } from './match-coverage.ts';

const word = fc.constantFrom('/', '/a', '/A', '/a/b', '/ab', '.*', '');
const condition = fc.oneof(
  word.map((exact) => ({ exact })),
  word.map((prefix) => ({ prefix })),
  word.map((regex) => ({ regex })),
  fc.constant({}),
);
const httpMatch: fc.Arbitrary<HttpMatch> = fc.record(
  { uri: condition, ignoreUriCase: fc.boolean(), method: condition, port: fc.constantFrom(80, 81) },
  { requiredKeys: [] },
);

test('the covering match is the first one that a comparison with all of them finds', () => {
  fc.assert(
    fc.property(fc.array(httpMatch, { maxLength: 12 }), httpMatch, (earlier, later) => {
      const matches: readonly EarlierMatch[] = earlier.map((each, at) => ({ rule: at, match: 0, condition: each }));
      const index = createCoveringMatches();
      for (const match of matches) index.add(match);
      assert.deepEqual(
        index.find(later),
        matches.find((match) => covers(match.condition, later)),
      );
    }),
    { numRuns: 1000 },
  );
});
