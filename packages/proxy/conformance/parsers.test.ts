import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChunkDecoder } from '../src/http/h1-chunks.ts';
import { H1Head } from '../src/http/h1-head.ts';
import { parseRequestHead, parseResponseHead } from '../src/http/h1-parse.ts';
import { H2FrameReader } from '../src/http/h2-frame-reader.ts';
import { clientPreface } from '../src/http/h2-frames.ts';
import { H2HeaderBlocks } from '../src/http/h2-header-blocks.ts';
import { HpackDecoder } from '../src/http/hpack-decoder.ts';
import { HpackEncoder } from '../src/http/hpack-encoder.ts';
import { decodeHuffman } from '../src/http/hpack-huffman.ts';
import { inspectClientHello } from '../src/listener/client-hello.ts';
import { parseProxyHeader } from '../src/listener/proxy-protocol.ts';

/** `WEFT_FUZZ_RUNS` makes it long; the seed is printed with a failure. */
const options = { numRuns: Number(process.env.WEFT_FUZZ_RUNS ?? 300) };

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Bytes near to what a parser expects: one of the samples with a few bytes replaced, taken out or put in. */
const mutated = (samples: readonly Buffer[]): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(
        fc.tuple(
          fc.nat(400),
          fc.constantFrom('set', 'cut', 'put', 'copy'),
          fc.constantFrom(0, 9, 10, 13, 32, 44, 58, 59, 127, 128, 255, 48, 97),
        ),
        {
          maxLength: 6,
        },
      ),
    )
    .map(([sample, changes]) => {
      let bytes = Buffer.from(sample);
      for (const [place, kind, byte] of changes) {
        const at = place % (bytes.length + 1);
        const rest = bytes.subarray(at + (kind === 'put' ? 0 : 1));
        const put = kind === 'cut' ? [] : kind === 'copy' ? [...bytes.subarray(at, at + 20)] : [byte];
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(put), rest]);
      }
      return bytes;
    });

const requests = [
  'GET /a?b=c HTTP/1.1\r\nHost: a.example\r\nX-A: b\r\nConnection: keep-alive, x-a\r\n\r\n',
  'POST http://b/ HTTP/1.1\r\nhost: b\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n',
  'PUT / HTTP/1.0\r\nhost: c\r\ntransfer-encoding: chunked\r\nupgrade: x\r\n\r\n',
].map(latin1);

/** What of a head means something to others. */
function meaning(head: H1Head): object {
  const { method, target, host, contentLength, isChunked, wantsClose, upgrade } = head;
  return { method, target, host, contentLength, isChunked, wantsClose, upgrade, lines: head.headers.toLines() };
}

test('a request head reads the same however it is cut, and only safe lines go on', () => {
  fc.assert(
    fc.property(mutated(requests), fc.nat(300), (bytes, cut) => {
      const whole = new H1Head();
      const after = parseRequestHead(Buffer.from(bytes), 0, bytes.length, whole);
      const pieces = new H1Head();
      const buffer = Buffer.from(bytes);
      const first = parseRequestHead(buffer, 0, Math.min(cut, bytes.length), pieces);
      const second = first === 0 ? parseRequestHead(buffer, 0, bytes.length, pieces) : first;
      if (after > 0) {
        assert.equal(second, after);
        assert.deepEqual(meaning(pieces), meaning(whole));
        assert.match(whole.headers.toLines(), /^(?:[!#-'*+\-.^-z|~0-9]+:[^\0\r\n]*\r\n)*$/);
        assert.ok(!(whole.isChunked && whole.contentLength >= 0));
      } else if (after < 0) assert.ok(second < 0);
    }),
    options,
  );
});

test('a response head never throws and never has two lengths', () => {
  const samples = ['HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx: y\r\n\r\n', 'HTTP/1.0 304 \r\ntransfer-encoding: chunked\r\n\r\n'].map(
    latin1,
  );
  fc.assert(
    fc.property(mutated(samples), (bytes) => {
      const head = new H1Head();
      if (parseResponseHead(bytes, 0, bytes.length, head) > 0) assert.ok(!(head.isChunked && head.contentLength >= 0));
    }),
    options,
  );
});

test('a chunked body reads the same however it is cut', () => {
  const samples = ['3\r\nabc\r\n0\r\n\r\n', '1;a=b\r\nx\r\nA\r\n0123456789\r\n0\r\nt: u\r\n\r\n'].map(latin1);
  const decode = (bytes: Buffer, cuts: readonly number[]): object => {
    const decoder = new ChunkDecoder();
    const consumer = {
      text: '',
      onChunkData(part: Buffer, from: number, to: number): void {
        this.text += part.latin1Slice(from, to);
      },
      onChunksEnd: () => true,
    };
    let at = 0;
    for (const cut of [...cuts, bytes.length]) {
      while (at < cut && !decoder.isDone) {
        const part = Buffer.from(bytes.subarray(at, cut));
        const after = decoder.decode(part, 0, part.length, consumer);
        if (after < 0) return { failed: true };
        at += after;
      }
    }
    return { text: consumer.text, isDone: decoder.isDone, at: decoder.isDone ? at : -1 };
  };
  fc.assert(
    fc.property(mutated(samples), fc.array(fc.nat(60), { maxLength: 5 }), (bytes, cuts) => {
      const sorted = cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b);
      assert.deepEqual(decode(bytes, sorted), decode(bytes, []));
    }),
    options,
  );
});

test('HTTP/2 frames come the same however the bytes are cut', () => {
  // All but DATA, whose parts are handed on as they come.
  const frame = fc
    .tuple(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 12 }), fc.nat(255), fc.nat(9))
    .map(([payload, type, flags, stream]) => Buffer.concat([Buffer.from([0, 0, payload.length, type, flags, 0, 0, 0, stream]), payload]));
  const read = (parts: readonly Buffer[]): string[] => {
    const frames: string[] = [];
    const reader = new H2FrameReader(true);
    const consumer = {
      onFrame(bytes: Buffer, at: number, length: number, type: number, flags: number, stream: number): boolean {
        frames.push(`${type} ${flags} ${stream} ${bytes.toString('hex', at, at + length)}`);
        return true;
      },
    };
    for (const part of parts) reader.read(part, part.length, consumer);
    return frames;
  };
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 6 }), fc.nat(200), (frames, cut) => {
      const bytes = Buffer.concat([clientPreface, ...frames]);
      assert.deepEqual(read([bytes.subarray(0, cut), bytes.subarray(cut)]), read([bytes]));
      assert.equal(read([bytes]).length, frames.length);
    }),
    options,
  );
});

test('header blocks never throw, whatever frames bring them', () => {
  const limits = { maxBytes: 2000, maxFields: 20 };
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(255), fc.uint8Array({ maxLength: 60 })), { maxLength: 8 }), (frames) => {
      const blocks = new H2HeaderBlocks(
        {
          onHeaders(_id, fields): void {
            assert.ok(fields === null || (fields.length % 2 === 0 && fields.length <= 40));
          },
        },
        limits,
      );
      for (const [isFirst, flags, payload] of frames) {
        const bytes = Buffer.from(payload);
        const error = isFirst ? blocks.read(bytes, 0, bytes.length, flags, 1) : blocks.readContinuation(bytes, 0, bytes.length, flags);
        if (error !== 0) break;
      }
    }),
    options,
  );
});

test('HPACK tables of both ends stay the same whatever is sent and however they are resized', () => {
  const field = fc.tuple(fc.constantFrom('a', 'x-long', ':path', 'cookie', 'via'), fc.string({ maxLength: 80, unit: 'binary-ascii' }));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.array(field, { maxLength: 8 }), fc.option(fc.nat(5000), { nil: null })), { maxLength: 8 }),
      (blocks) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder();
        for (const [fields, size] of blocks) {
          if (size !== null) encoder.setLimit(size);
          const out = Buffer.alloc(8192);
          let at = encoder.start(out, 0);
          for (const [name, value] of fields) at = encoder.field(out, at, name, value);
          assert.deepEqual(decoder.decode(out, 0, at, 1e6), fields.flat());
        }
      },
    ),
    options,
  );
});

test('Huffman codes, client hellos and PROXY headers never throw, and take no more than there is', () => {
  const hello = latin1('\x16\x03\x01\x00\x40\x01\x00\x00\x3c\x03\x03').subarray(0, 11);
  const samples = [
    Buffer.concat([hello, Buffer.alloc(60)]),
    latin1('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET'),
    latin1('\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x00\x01\x00\x02rest'),
  ];
  fc.assert(
    fc.property(
      fc.oneof(
        mutated(samples),
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        decodeHuffman(bytes, 0, bytes.length);
        inspectClientHello(bytes);
        const parsed = parseProxyHeader(bytes);
        if (parsed.kind === 'header') assert.ok(parsed.length <= bytes.length);
      },
    ),
    options,
  );
});
