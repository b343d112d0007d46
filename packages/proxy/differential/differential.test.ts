import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cases } from './cases.ts';
import { findEnvoy } from './envoy.ts';
import { observe } from './observe.ts';
import { type Side, startOurs, startTheirs, stopSides } from './sides.ts';

const envoy = findEnvoy();

describe('Weft and Envoy do the same', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
  concurrency: 8,
}, () => {
  let ours: Side;
  let theirs: Side;

  before(async () => {
    ours = await startOurs();
    theirs = await startTheirs(envoy ?? '');
  });

  after(() => stopSides([ours, theirs]));

  const chosen = cases.filter((each) => new RegExp(process.env.WEFT_CASE ?? '').test(each.name));
  // Cases share the application's record, so they run one after another; the two sides of a case run together.
  let turn = Promise.resolve();
  for (const [index, each] of chosen.entries()) {
    test(each.name, async () => {
      const before = turn;
      let release = (): void => {};
      turn = new Promise((resolve) => {
        release = resolve;
      });
      await before;
      try {
        const [weft, reference] = await Promise.all([observe(ours, each, index), observe(theirs, each, index)]);
        if (each.accepted === undefined) assert.deepEqual(weft, reference);
      } finally {
        release();
      }
    });
  }
});
