import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTime } from './time-format.ts';

const moment = Date.UTC(2026, 1, 3, 4, 5, 6, 78);

test('moments are printed as strftime and Envoy do', () => {
  const cases: readonly (readonly [format: string, text: string])[] = [
    ['', '2026-02-03T04:05:06.078Z'],
    ['%Y-%m-%dT%H:%M:%S.%3fZ', '2026-02-03T04:05:06.078Z'],
    ['%s', '1770091506'],
    ['%s.%3f', '1770091506.078'],
    ['%f', '078000000'],
    ['%1f', '0'],
    ['%6f', '078000'],
    ['%E3S', '06.078'],
    ['%Es', '1770091506'],
    ['%FT%T%z', '2026-02-03T04:05:06+0000'],
    ['%a %b %e %I:%M %p %j %%', 'Tue Feb  3 04:05 AM 034 %'],
    ['%A, %d %B %y', 'Tuesday, 03 February 26'],
    ['no field', 'no field'],
  ];
  for (const [format, text] of cases) assert.equal(formatTime(format, moment, false), text, format);
});
