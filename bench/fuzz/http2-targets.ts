import assert from 'node:assert/strict';
import { H2FrameReader } from '@weft/proxy/http/h2-frame-reader';
import { clientPreface } from '@weft/proxy/http/h2-frames';
import { H2HeaderBlocks } from '@weft/proxy/http/h2-header-blocks';
import { HpackDecoder } from '@weft/proxy/http/hpack-decoder';
import { HpackEncoder } from '@weft/proxy/http/hpack-encoder';
import type { Target } from './campaign.ts';
import { latin1 } from './words.ts';

function framesOf(parts: readonly Buffer[]): string {
  const data = new Map<number, string>();
  let text = '';
  const reader = new H2FrameReader(true);
  const blocks = new H2HeaderBlocks(
    { onHeaders: (id, fields, end) => (text += `${id} ${fields?.join() ?? 'too large'} ${end}\n`) },
    { maxBytes: 2000, maxFields: 20 },
  );
  let hasFailed = false;
  const readBlock = (
    bytes: Buffer,
    at: number,
    length: number,
    { type, flags, stream }: { type: number; flags: number; stream: number },
  ): number => {
    if (type === 1) return blocks.read(bytes, at, length, flags, stream);
    return type === 9 && blocks.openStream !== 0 ? blocks.readContinuation(bytes, at, length, flags) : 0;
  };
  const consumer = {
    onFrame(bytes: Buffer, at: number, length: number, type: number, flags: number, stream: number): boolean {
      // DATA is handed on in the parts in which it comes.
      if (type === 0 && (flags & 8) === 0) data.set(stream, (data.get(stream) ?? '') + bytes.toString('hex', at, at + length));
      else text += `${type} ${flags} ${stream} ${bytes.toString('hex', at, at + length)}\n`;
      hasFailed ||= readBlock(bytes, at, length, { type, flags, stream }) !== 0;
      return !hasFailed;
    },
  };
  for (const part of parts) {
    if (hasFailed) break;
    const error = reader.read(part, part.length, consumer);
    // The consumer may have failed meanwhile, which is no error of the reader's.
    if (error !== 0) hasFailed = true;
  }
  return `${text}${JSON.stringify([...data])}`;
}

const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0, payload.length >> 8, payload.length & 255, type, flags, 0, 0, 0, stream]), payload]);

/** Frames of a good request and of what else a client may say. */
export const frameWords: readonly Buffer[] = [
  clientPreface,
  frame(4, 0, 0, Buffer.alloc(0)),
  frame(4, 1, 0, Buffer.alloc(0)),
  frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])),
  frame(1, 5, 1, Buffer.from([0x82, 0x86, 0x84, 0x41, 1, 0x61])),
  frame(1, 4, 3, Buffer.from([0x83, 0x86, 0x84, 0x41, 1, 0x61])),
  frame(1, 1, 5, Buffer.from([0x82])),
  frame(1, 0x2c, 7, Buffer.from([1, 0, 0, 0, 0, 1, 0x82, 0])),
  frame(9, 4, 5, Buffer.from([0x86, 0x84, 0x41, 1, 0x61])),
  frame(0, 1, 3, latin1('hello')),
  frame(0, 9, 3, Buffer.from([2, 0x61, 0, 0])),
  frame(2, 0, 1, Buffer.from([0, 0, 0, 0, 1])),
  frame(3, 0, 1, Buffer.from([0, 0, 0, 8])),
  frame(6, 0, 0, Buffer.alloc(8)),
  frame(7, 0, 0, Buffer.alloc(8)),
  frame(8, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff])),
  frame(8, 0, 1, Buffer.from([0, 0, 0, 1])),
];

const hpackWords: readonly Buffer[] = [
  ...[
    [0x82],
    [0x20],
    [0x3f, 0xe1, 0x1f],
    [0x40],
    [0x00],
    [0x10],
    [0xff, 0xff, 0xff, 0xff, 0x0f],
    [0x0f, 0x80, 0x00],
    [0xbe],
    [0x81, 0x1f],
    [0x7f, 0x80],
  ].map((bytes) => Buffer.from(bytes)),
  latin1('\x40\x03x-a\x01b'),
  latin1('\x00\x07:status\x03200'),
];

/** A decoded block means the same to the decoder of a peer that it is encoded for. */
function decodesWhatIsEncoded(input: Buffer): void {
  const decoder = new HpackDecoder();
  const [encoder, peer] = [new HpackEncoder(), new HpackDecoder()];
  for (let at = 0; at < input.length; at += 64) {
    const block = input.subarray(at, at + 64);
    const fields = decoder.decode(block, 0, block.length, 10_000);
    if (fields === null || fields.length === 0) return;
    assert.equal(fields.length % 2, 0);
    const out = Buffer.alloc(200_000);
    let to = encoder.start(out, 0);
    for (let i = 0; i < fields.length; i += 2) to = encoder.field(out, to, fields[i] ?? '', fields[i + 1] ?? '');
    assert.deepEqual(peer.decode(out, 0, to, 1e6), fields);
  }
}

/** The parsers of HTTP/2. The first byte of an input of frames says where it is cut: it must mean the same in pieces. */
export const http2Targets: readonly Target[] = [
  {
    name: 'HTTP/2 frames and header blocks',
    files: ['packages/proxy/src/http/h2-frame-reader.ts', 'packages/proxy/src/http/h2-header-blocks.ts'],
    samples: [
      Buffer.concat([Buffer.from([30]), ...frameWords.slice(0, 5)]),
      Buffer.concat([Buffer.from([90]), clientPreface, ...frameWords.slice(5, 12)]),
    ],
    words: frameWords,
    run: (input) => {
      const bytes = input.subarray(1);
      const cut = (input[0] ?? 0) % (bytes.length + 1);
      assert.equal(framesOf([bytes.subarray(0, cut), bytes.subarray(cut)]), framesOf([bytes]));
    },
  },
  {
    name: 'HPACK',
    files: [
      'packages/proxy/src/http/hpack-decoder.ts',
      'packages/proxy/src/http/hpack-huffman.ts',
      'packages/proxy/src/http/hpack-encoder.ts',
    ],
    samples: [
      Buffer.from('828684418cf1e3c2e5f23a6ba0ab90f4ff', 'hex'),
      Buffer.from('400a637573746f6d2d6b65790d637573746f6d2d686561646572', 'hex'),
    ],
    words: hpackWords,
    run: decodesWhatIsEncoded,
  },
];
