import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { H1Head } from './h1-head.ts';
import { parseRequestHead } from './h1-parse.ts';
import { FieldHeaders } from './headers.ts';

const names = ['a', 'x-a', 'x-b', 'x-request-id', 'x-envoy-a', `x-${'long'.repeat(8)}`, `y-${'long'.repeat(8)}`];
const name = fc.constantFrom(...names);
const value = fc.stringMatching(/^[a-z0-9]{0,8}$/);
const change = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), name, value }),
  fc.record({ kind: fc.constant('add' as const), name, value }),
  fc.record({ kind: fc.constant('remove' as const), name }),
);

test('headers kept as they came answer as a list of fields does, whatever is changed', () => {
  // One for all, as a connection has: nothing of a head may be left for the next.
  const head = new H1Head();
  const law = fc.property(fc.array(fc.tuple(name, value)), fc.array(change), (fields, changes) => {
    const bytes = Buffer.from(`GET / HTTP/1.1\r\nhost: h\r\n${fields.map(([key, text]) => `${key}: ${text}\r\n`).join('')}\r\n`);
    assert.equal(parseRequestHead(bytes, 0, bytes.length, head), bytes.length);
    const list = new FieldHeaders(fields.flat());
    for (const headers of [head.headers, list]) {
      for (const each of changes) {
        if (each.kind === 'remove') headers.remove(each.name);
        else headers[each.kind](each.name, each.value);
      }
    }
    for (const key of names) assert.equal(head.headers.get(key), list.get(key));
    assert.equal(list.mayHaveEnvoyNames(), list.get('x-envoy-a') !== undefined);
    if (list.mayHaveEnvoyNames()) assert.ok(head.headers.mayHaveEnvoyNames());
  });
  fc.assert(law);
});
