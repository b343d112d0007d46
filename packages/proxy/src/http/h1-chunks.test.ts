import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChunkDecoder } from './h1-chunks.ts';

/** Decodes the pieces and answers the payload, how much was used, and how it ended. */
function decode(pieces: readonly Buffer[]): { payload: string; state: 'done' | 'more' | 'broken'; left: string } {
  const decoder = new ChunkDecoder();
  let payload = '';
  const consumer = {
    onChunkData(bytes: Buffer, from: number, to: number): void {
      payload += bytes.toString('latin1', from, to);
    },
    onChunksEnd: () => true,
  };
  for (const [index, piece] of pieces.entries()) {
    const after = decoder.decode(piece, 0, piece.length, consumer);
    if (after < 0) return { payload, state: 'broken', left: '' };
    if (decoder.isDone) {
      const left = Buffer.concat([piece.subarray(after), ...pieces.slice(index + 1)]).toString('latin1');
      return { payload, state: 'done', left };
    }
  }
  return { payload, state: 'more', left: '' };
}

test('the payload does not depend on how the bytes are split', () => {
  const chunks = fc.array(fc.stringMatching(/^[ -~]{1,40}$/), { maxLength: 6 });
  const trailers = fc.constantFrom('', 'a: b\r\n', 'a: b\r\nc: d\r\n');
  fc.assert(
    fc.property(chunks, trailers, fc.array(fc.nat(300), { maxLength: 8 }), (parts, trailer, cuts) => {
      const coded = `${parts.map((part) => `${part.length.toString(16)};x=y\r\n${part}\r\n`).join('')}0\r\n${trailer}\r\nNEXT`;
      const bytes = Buffer.from(coded);
      const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
      const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
      assert.deepEqual(decode(pieces), { payload: parts.join(''), state: 'done', left: 'NEXT' });
    }),
  );
});

test('a chunk size may begin with any number of zeros', () => {
  const bytes = Buffer.from(`${'0'.repeat(100_000)}3\r\nabc\r\n0\r\n\r\n`);
  assert.deepEqual(decode([bytes]), { payload: 'abc', state: 'done', left: '' });
});

const broken = [
  'zz\r\n',
  '\r\n',
  '-1\r\n',
  '3\nabc\r\n',
  '3\r\nabcd\r\n',
  '3\r\nabc\n',
  '1000000000000\r\n',
  '3 \r\nabc\r\n',
  `3;${'x'.repeat(2000)}\r\n`,
];
for (const text of broken) {
  test(`the chunk coding ${JSON.stringify(text.slice(0, 20))} is refused`, () => {
    assert.equal(decode([Buffer.from(text)]).state, 'broken');
  });
}
