import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultHeadLimits, H1Head } from './h1-head.ts';
import { parseRequestHead, parseResponseHead } from './h1-parse.ts';

const parse = (text: string): { after: number; head: H1Head } => {
  const bytes = Buffer.from(text, 'latin1');
  const head = new H1Head();
  return { after: parseRequestHead(bytes, 0, bytes.length, head), head };
};

test('a plain request is read with its meaning, hop-by-hop headers taken out', () => {
  const text =
    'POST /a?b=1 HTTP/1.1\r\nHost: x.example\r\nContent-Length: 5\r\nConnection: keep-alive, X-Drop\r\nX-Drop: 1\r\nX-Keep:  two \r\n\r\nhello';
  const { after, head } = parse(text);
  assert.equal(after, text.length - 5);
  assert.deepEqual([head.method, head.target, head.host, head.contentLength], ['POST', '/a?b=1', 'x.example', 5]);
  assert.equal(head.headers.get('x-keep'), 'two');
  assert.equal(head.headers.toLines(), 'content-length: 5\r\nx-keep:  two \r\n');
});

const host = 'Host: a\r\n';
const refused: readonly (readonly [name: string, text: string, status: number])[] = [
  ['content length and chunked', `POST / HTTP/1.1\r\n${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
  ['two content lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 4\r\nContent-Length: 4\r\n\r\n`, 400],
  ['a list of content lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 4, 4\r\n\r\n`, 400],
  ['a signed content length', `POST / HTTP/1.1\r\n${host}Content-Length: +4\r\n\r\n`, 400],
  ['an empty content length', `POST / HTTP/1.1\r\n${host}Content-Length:\r\n\r\n`, 400],
  ['a hexadecimal content length', `POST / HTTP/1.1\r\n${host}Content-Length: 0x4\r\n\r\n`, 400],
  ['an unknown transfer coding', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n`, 501],
  ['a list of transfer codings', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
  ['chunked twice', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
  ['chunked on HTTP/1.0', `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n`, 400],
  ['a space before the colon', `GET / HTTP/1.1\r\n${host}A : b\r\n\r\n`, 400],
  ['a folded line', `GET / HTTP/1.1\r\n${host}A: b\r\n c\r\n\r\n`, 400],
  ['a bare line feed', 'GET / HTTP/1.1\nHost: a\n\n', 400],
  ['a bare carriage return', `GET / HTTP/1.1\r\n${host}A: b\rc\r\n\r\n`, 400],
  ['a NUL', `GET / HTTP/1.1\r\n${host}A: \0\r\n\r\n`, 400],
  ['two hosts', `GET / HTTP/1.1\r\n${host}${host}\r\n`, 400],
  ['an empty name', `GET / HTTP/1.1\r\n${host}: b\r\n\r\n`, 400],
  ['HTTP/2 in HTTP/1 clothes', `GET / HTTP/2.0\r\n${host}\r\n`, 426],
  ['a control character in the target', `GET /\x01 HTTP/1.1\r\n${host}\r\n`, 400],
  ['two spaces in the request line', `GET  / HTTP/1.1\r\n${host}\r\n`, 400],
  ['too many headers', `GET / HTTP/1.1\r\n${host}${'A: b\r\n'.repeat(100)}\r\n`, 431],
  ['a head that is too large', `GET / HTTP/1.1\r\n${host}A: ${'b'.repeat(61 * 1024)}\r\n\r\n`, 431],
];

for (const [name, text, status] of refused) {
  test(`${name} is refused with ${status}`, () => {
    const { after, head } = parse(text);
    assert.equal(after, -1);
    assert.equal(head.error.status, status);
  });
}

test('names keep their case and spell what the codec adds, where that is asked for', () => {
  const bytes = Buffer.from('GET / HTTP/1.1\r\nHOST: a\r\nX-Keep: b\r\nX-Drop: c\r\n\r\n', 'latin1');
  const head = new H1Head({ ...defaultHeadLimits, keepsCase: true });
  assert.equal(parseRequestHead(bytes, 0, bytes.length, head), bytes.length);
  assert.equal(head.headers.get('x-keep'), 'b');
  head.headers.remove('x-drop');
  head.headers.set('x-keep', 'd');
  head.headers.set('x-new', 'e');
  assert.equal(head.headers.toLines(), 'X-Keep: d\r\nx-new: e\r\n');
  assert.equal(head.headers.spelling('host'), 'HOST');
});

test('names with underscores pass, are dropped, or refuse the head', () => {
  const bytes = Buffer.from('GET / HTTP/1.1\r\nhost: a\r\nx_a: b\r\nx-c: d\r\n\r\n', 'latin1');
  for (const [underscores, lines] of [
    ['ALLOW', 'x_a: b\r\nx-c: d\r\n'],
    ['DROP_HEADER', 'x-c: d\r\n'],
  ] as const) {
    const head = new H1Head({ ...defaultHeadLimits, underscores });
    assert.equal(parseRequestHead(bytes, 0, bytes.length, head), bytes.length);
    assert.equal(head.headers.toLines(), lines);
  }
  const head = new H1Head({ ...defaultHeadLimits, underscores: 'REJECT_REQUEST' });
  assert.equal(parseRequestHead(bytes, 0, bytes.length, head), -1);
  assert.deepEqual(head.error, { status: 400, details: 'http1.unexpected_underscore' });
});

test('a response with both lengths is refused', () => {
  const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n');
  assert.equal(parseResponseHead(bytes, 0, bytes.length, new H1Head()), -1);
});

test('a prefix of a valid head is incomplete, never refused', () => {
  const text = `GET /path HTTP/1.1\r\n${host}A: b\r\nTransfer-Encoding: chunked\r\n\r\n`;
  for (let end = 0; end < text.length; end++) assert.equal(parse(text.slice(0, end)).after, 0, `at ${end}`);
});

test('whatever bytes come, the parser answers and never reads past the end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const head = new H1Head();
      const after = parseRequestHead(Buffer.from(bytes), 0, bytes.length, head);
      assert.ok(after >= -1 && after <= bytes.length);
    }),
  );
});

test('what is forwarded reads the same again', () => {
  const name = fc.stringMatching(/^x-[a-z]{1,10}$/);
  const value = fc.stringMatching(/^[!-~]{0,20}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), fc.array(fc.nat(19), { maxLength: 5 }), (fields, dropped) => {
      const { head } = parse(`GET / HTTP/1.1\r\n${host}${fields.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`);
      const gone = new Set(dropped.map((index) => fields[index]?.[0]));
      for (const each of gone) if (each !== undefined) head.headers.remove(each);
      const again = parse(`GET / HTTP/1.1\r\n${host}${head.headers.toLines()}\r\n`).head;
      const kept: string[] = [];
      again.headers.each((n, v) => kept.push(n, v));
      assert.deepEqual(kept, fields.filter(([n]) => !gone.has(n)).flat());
    }),
  );
});
