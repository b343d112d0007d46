import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldHeaders } from '../http/headers.ts';
import { b3Propagation, randomId, w3cPropagation } from './trace-context.ts';

const trace = '463ac35c9f6413ad48485a3953bb6124';
const span = 'a2fb4a1d1a96d312';

test('W3C contexts come and go', () => {
  const headers = new FieldHeaders(['traceparent', `00-${trace}-${span}-01`, 'tracestate', 'a=b']);
  const context = w3cPropagation.extract(headers, false);
  assert.deepEqual(context, { traceId: trace, spanId: span, parentId: '', isSampled: true, state: 'a=b' });
  const out = new FieldHeaders();
  if (typeof context === 'object') w3cPropagation.inject(out, context);
  assert.deepEqual(out.fields, ['traceparent', `00-${trace}-${span}-01`, 'tracestate', 'a=b']);
});

test('contexts that are no contexts are told from absent ones', () => {
  assert.equal(w3cPropagation.extract(new FieldHeaders(), true), 'none');
  for (const text of [
    '',
    'x',
    `00-${trace}-${span}`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace}-${span}-zz`,
  ]) {
    assert.equal(w3cPropagation.extract(new FieldHeaders(['traceparent', text]), true), 'broken', text);
  }
  for (const text of ['nonsense', `${trace}-${span}-1-x`, `${trace}_${span}`]) {
    assert.equal(b3Propagation(false).extract(new FieldHeaders(['b3', text]), true), 'broken', text);
  }
});

test('B3 answers in the form it was asked in, and with W3C beside it where wanted', () => {
  const single = new FieldHeaders(['b3', `${trace}-${span}-d`]);
  const context = b3Propagation(true).extract(single, false);
  assert.ok(typeof context === 'object' && context.isSampled);
  b3Propagation(true).inject(single, { ...context, parentId: span, spanId: '1111111111111111' });
  assert.equal(single.get('b3'), `${trace}-1111111111111111-1-${span}`);
  assert.equal(single.get('traceparent'), `00-${trace}-1111111111111111-01`);
  const short = new FieldHeaders();
  b3Propagation(true).inject(short, { traceId: span, spanId: span, parentId: '', isSampled: false, state: '' });
  assert.equal(short.get('traceparent'), `00-0000000000000000${span}-${span}-00`);
  assert.equal(short.get('x-b3-parentspanid'), undefined);
});

test('ids are sixteen hex digits', () => {
  const ids = new Set(Array.from({ length: 2000 }, randomId));
  assert.equal(ids.size, 2000);
  for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/);
});
