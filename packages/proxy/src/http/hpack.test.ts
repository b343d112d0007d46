import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';

function decodeHex(decoder: HpackDecoder, hex: string): string[] | null {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return decoder.decode(bytes, 0, bytes.length, 65536);
}

test('the request examples with Huffman coding of RFC 7541 appendix C.4 decode', () => {
  const decoder = new HpackDecoder();
  const base = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com'];
  assert.deepEqual(decodeHex(decoder, '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff'), base);
  assert.deepEqual(decodeHex(decoder, '8286 84be 5886 a8eb 1064 9cbf'), [...base, 'cache-control', 'no-cache']);
  assert.deepEqual(decodeHex(decoder, '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf'), [
    ':method',
    'GET',
    ':scheme',
    'https',
    ':path',
    '/index.html',
    ':authority',
    'www.example.com',
    'custom-key',
    'custom-value',
  ]);
});

test('the response examples without Huffman coding of appendix C.5 decode', () => {
  const decoder = new HpackDecoder();
  const first = decodeHex(
    decoder,
    '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
  );
  assert.deepEqual(first?.slice(0, 4), [':status', '302', 'cache-control', 'private']);
  assert.deepEqual(decodeHex(decoder, '4803 3330 37c1 c0bf')?.slice(0, 2), [':status', '307']);
});

test('what is encoded decodes to the same, block after block, while both tables turn over', () => {
  const name = fc.constantFrom('x-a', 'x-b', 'accept', 'authorization', 'x-request-id', ':path', 'user-agent', 'content-type');
  const value = fc.oneof(fc.constantFrom('', 'one', 'two', 'gzip, deflate'), fc.stringMatching(/^[ -~]{0,300}$/));
  const block = fc.array(fc.tuple(name, value), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(block, { maxLength: 40 }), fc.constantFrom(0, 100, 4096), (blocks, limit) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();
      encoder.setLimit(limit);
      const out = Buffer.alloc(64 * 1024);
      for (const fields of blocks) {
        let at = encoder.start(out, 0);
        for (const [n, v] of fields) at = encoder.field(out, at, n, v);
        assert.deepEqual(decoder.decode(out, 0, at, 1e6), fields.flat());
      }
    }),
  );
});

test('broken codings are refused: index 0, unknown index, a table size above ours, bad padding', () => {
  for (const hex of ['80', 'ff ff ff ff ff', 'c0', '3f e2 1f', '00 82 ff ff 00', '40 0a 61'])
    assert.equal(decodeHex(new HpackDecoder(), hex), null, hex);
});

test('random bytes never break the decoder', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const fields = new HpackDecoder().decode(Buffer.from(bytes), 0, bytes.length, 65536);
      assert.ok(fields === null || fields.length % 2 === 0);
    }),
  );
});

test('a header list past the limit is reported and not kept', () => {
  const encoder = new HpackEncoder();
  const out = Buffer.alloc(4096);
  let at = 0;
  for (let i = 0; i < 50; i++) at = encoder.field(out, at, 'x-bomb', 'a'.repeat(40));
  const decoder = new HpackDecoder();
  const fields = decoder.decode(out, 0, at, 500);
  assert.equal(decoder.isTooLarge, true);
  assert.ok((fields?.length ?? 99) < 20);
});
