import { connect } from 'node:net';
import { clientPreface, flag, frame } from '../src/http/h2-frames.ts';
import { HpackDecoder } from '../src/http/hpack-decoder.ts';

/** What came of one HTTP/2 connection: how streams and the connection ended. */
export interface H2Outcome {
  /** Error code of the last GOAWAY, null without one. */
  readonly goaway: number | null;
  /** `stream: error code` of each reset. */
  readonly resets: readonly string[];
  /** `stream: status` of each response. */
  readonly statuses: readonly string[];
  readonly isClosed: boolean;
}

/** How frames are sent. `isDeaf`: nothing is read before everything is sent. */
export interface H2SendOptions {
  readonly quietMs?: number;
  readonly waitMs?: number;
  readonly isDeaf?: boolean;
}

/** One HTTP/2 frame's bytes. */
export function h2Frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

/** A header block of literal fields that are not indexed, given as `name, value, …`. */
export function h2Block(fields: readonly string[]): Buffer {
  return Buffer.concat([
    ...fields.map((text, index) => {
      const bytes = Buffer.from(text, 'latin1');
      return Buffer.concat([index % 2 === 0 ? Buffer.from([0]) : Buffer.alloc(0), hpackLength(bytes.length), bytes]);
    }),
  ]);
}

function hpackLength(length: number): Buffer {
  if (length < 127) return Buffer.from([length]);
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** HEADERS, in as many frames as it takes. */
export function h2Headers(stream: number, fields: readonly string[], end: boolean): Buffer {
  const block = h2Block(fields);
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < block.length; at += 16384) {
    const part = block.subarray(at, at + 16384);
    const isLast = at + 16384 >= block.length;
    const flags = (isLast ? flag.endHeaders : 0) | (end && at === 0 ? flag.endStream : 0);
    frames.push(h2Frame(at === 0 ? frame.headers : frame.continuation, flags, stream, part));
  }
  return Buffer.concat(frames);
}

/** Sends the preface, SETTINGS and then the bytes on a new connection, and reads until it ends or nothing more comes. */
export async function sendH2(port: number, bytes: Buffer, options: H2SendOptions = {}): Promise<H2Outcome> {
  const { quietMs = 350, waitMs = 5000, isDeaf = false } = options;
  const received = await new Promise<{ bytes: Buffer; isClosed: boolean }>((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    const finish = (isClosed: boolean): void => {
      clearTimeout(limit);
      clearTimeout(quiet);
      socket.destroy();
      resolve({ bytes: Buffer.concat(chunks), isClosed });
    };
    const limit = setTimeout(finish, waitMs, false);
    const quiet = setTimeout(finish, quietMs + (isDeaf ? 1000 : 0), false);
    if (isDeaf) socket.pause();
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      quiet.refresh();
    });
    socket.on('end', () => finish(true));
    socket.on('close', () => finish(true));
    socket.on('error', () => finish(true));
    socket.write(Buffer.concat([clientPreface, h2Frame(frame.settings, 0, 0), bytes]), () => {
      if (isDeaf) setTimeout(() => socket.resume(), 300);
    });
  });
  return { ...readOutcome(received.bytes), isClosed: received.isClosed };
}

function readOutcome(bytes: Buffer): Omit<H2Outcome, 'isClosed'> {
  const decoder = new HpackDecoder();
  let goaway: number | null = null;
  const resets: string[] = [];
  const statuses: string[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const type = bytes[at + 3];
    const stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
    const from = at + 9;
    if (type === frame.goaway) goaway = bytes.readUInt32BE(from + 4);
    else if (type === frame.rstStream) resets.push(`${stream}: ${bytes.readUInt32BE(from)}`);
    else if (type === frame.headers) {
      const fields = decoder.decode(bytes, from, from + length, 1e6) ?? [];
      if (fields[0] === ':status') statuses.push(`${stream}: ${fields[1]}`);
    }
    at = from + length;
  }
  return { goaway, resets, statuses };
}
