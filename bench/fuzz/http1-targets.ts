import assert from 'node:assert/strict';
import { GrpcMessageCounter } from '@weft/proxy/http/grpc-message-counter';
import { ChunkDecoder } from '@weft/proxy/http/h1-chunks';
import { H1Head } from '@weft/proxy/http/h1-head';
import { parseRequestHead, parseResponseHead, parseTrailers } from '@weft/proxy/http/h1-parse';
import type { Target } from './campaign.ts';
import { wordsOf } from './words.ts';

const headWords = wordsOf(
  ...[
    '\r\n',
    '\r\n\r\n',
    '\n',
    '\r',
    '\0',
    ': ',
    ' HTTP/1.1\r\n',
    ' HTTP/1.0\r\n',
    ' HTTP/2.0\r\n',
    'GET ',
    'POST ',
    'CONNECT ',
    'OPTIONS * ',
  ],
  ...[
    'Host: a\r\n',
    'Content-Length: 3\r\n',
    'content-length: 3, 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    'transfer-encoding: gzip, chunked\r\n',
  ],
  ...[
    'Connection: close\r\n',
    'Connection: keep-alive, x-a\r\n',
    'Upgrade: websocket\r\nConnection: upgrade\r\n',
    'Expect: 100-continue\r\n',
  ],
  ...[
    'http://a@b:1/c',
    'x_y: z\r\n',
    '\t',
    ' folded\r\n',
    'HTTP/1.1 204 No Content\r\n',
    'HTTP/1.1 101 x\r\n',
    '18446744073709551616',
    '%00',
    '#',
  ],
);

/** What of a head means something to others. */
function meaning(head: H1Head): object {
  const { method, target, status, host, contentLength, isChunked, wantsClose, upgrade } = head;
  return { method, target, status, host, contentLength, isChunked, wantsClose, upgrade, lines: head.headers.toLines() };
}

const safeLines = /^(?:[!#-'*+\-.^-z|~0-9]+:[^\0\r\n]*\r\n)*$/;

function readsHeadsAlike(parse: typeof parseRequestHead, input: Buffer): void {
  const cut = (input[0] ?? 0) % (input.length + 1);
  const bytes = input.subarray(1);
  const whole = new H1Head();
  const after = parse(Buffer.from(bytes), 0, bytes.length, whole);
  const pieces = new H1Head();
  const buffer = Buffer.from(bytes);
  const first = parse(buffer, 0, Math.min(cut, bytes.length), pieces);
  const second = first === 0 ? parse(buffer, 0, bytes.length, pieces) : first;
  if (after < 0) assert.ok(second < 0, 'refused as a whole, not in pieces');
  if (after <= 0) return;
  assert.ok(after <= bytes.length);
  assert.equal(second, after);
  assert.deepEqual(meaning(pieces), meaning(whole));
  assert.match(whole.headers.toLines(), safeLines);
  assert.ok(!(whole.isChunked && whole.contentLength >= 0), 'two lengths');
}

interface Decoded {
  readonly failed: boolean;
  readonly text: string;
  readonly trailers: string;
  readonly isDone: boolean;
}

function decodeChunks(bytes: Buffer, cuts: readonly number[]): Decoded {
  const decoder = new ChunkDecoder();
  const consumer = {
    text: '',
    trailers: '',
    onChunkData(part: Buffer, from: number, to: number): void {
      this.text += part.latin1Slice(from, to);
    },
    onChunksEnd(block: Buffer): boolean {
      this.trailers = block.latin1Slice();
      return parseTrailers(block, 0, block.length, new H1Head()) > 0;
    },
  };
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    while (at < cut && !decoder.isDone) {
      const part = Buffer.from(bytes.subarray(at, cut));
      const taken = decoder.decode(part, 0, part.length, consumer);
      if (taken < 0) return { failed: true, text: '', trailers: '', isDone: false };
      at += taken;
    }
  }
  return { failed: false, text: consumer.text, trailers: consumer.trailers, isDone: decoder.isDone };
}

/** The parsers of HTTP/1, and of gRPC within it. The first byte of an input says where it is cut: it must mean the same in pieces. */
export const http1Targets: readonly Target[] = [
  {
    name: 'HTTP/1 request head',
    files: ['packages/proxy/src/http/h1-parse.ts', 'packages/proxy/src/http/h1-fields.ts', 'packages/proxy/src/http/wire-headers.ts'],
    samples: wordsOf(
      '\x09GET /a?b=c HTTP/1.1\r\nHost: a\r\nX-A: b\r\nConnection: keep-alive, x-a\r\n\r\n',
      '\x30POST http://b/ HTTP/1.1\r\nhost: b\r\ncontent-length: 3\r\n\r\nabc',
    ),
    words: headWords,
    run: (input) => readsHeadsAlike(parseRequestHead, input),
  },
  {
    name: 'HTTP/1 response head',
    files: ['packages/proxy/src/http/h1-parse.ts', 'packages/proxy/src/http/h1-fields.ts'],
    samples: wordsOf(
      '\x09HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx: y\r\n\r\nabc',
      '\x14HTTP/1.0 304 \r\ntransfer-encoding: chunked\r\n\r\n',
    ),
    words: headWords,
    run: (input) => readsHeadsAlike(parseResponseHead, input),
  },
  {
    name: 'chunked bodies',
    files: ['packages/proxy/src/http/h1-chunks.ts'],
    samples: wordsOf('\x05\x093\r\nabc\r\n0\r\n\r\n', '\x02\x151;a=b\r\nx\r\nA\r\n0123456789\r\n0\r\nt: u\r\n\r\n'),
    words: wordsOf('\r\n', '\n', '\r', '0\r\n', '0\r\n\r\n', ';a="b\r\n"', 'FFFFFFFF', 'ffffffffffffffff', '-1', '0x1', ' ', '\t', '1_0'),
    run: (input) => {
      const bytes = input.subarray(2);
      const cuts = [input[0] ?? 0, input[1] ?? 0].map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b);
      assert.deepEqual(decodeChunks(bytes, cuts), decodeChunks(bytes, []));
    },
  },
  {
    name: 'gRPC frames',
    files: ['packages/proxy/src/http/grpc-message-counter.ts'],
    samples: [Buffer.from([4, 0, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0]), Buffer.from([2, 1, 255, 255, 255, 255, 0])],
    words: [Buffer.from([0, 0, 0, 0, 0]), Buffer.from([1, 0, 0, 0, 2, 1, 2]), Buffer.from([0, 255, 255, 255, 255])],
    run: (input) => {
      const bytes = input.subarray(1);
      const [whole, pieces] = [new GrpcMessageCounter(), new GrpcMessageCounter()];
      const cut = (input[0] ?? 0) % (bytes.length + 1);
      whole.read(bytes, 0, bytes.length);
      pieces.read(bytes, 0, cut);
      pieces.read(bytes, cut, bytes.length);
      assert.equal(pieces.count, whole.count);
      assert.ok(whole.count <= bytes.length / 5);
    },
  },
];
