import { connect } from 'node:net';

/** A response as a client saw it on the wire. */
export interface WireResponse {
  readonly status: number;
  /** `name: value`, lower-case names, sorted. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  /** True when the connection ended before the response was complete. */
  readonly isTruncated: boolean;
}

/** What came back on one connection. */
export interface WireExchange {
  readonly responses: readonly WireResponse[];
  /** Whether the other side ended the connection. */
  readonly isClosed: boolean;
}

/** How bytes are sent: `pauseMs` between the pieces and after the last; `waitMs` at most, `quietMs` without a byte. */
export interface SendOptions {
  readonly pauseMs?: number;
  readonly waitMs?: number;
  readonly quietMs?: number;
  readonly isHead?: boolean;
  readonly keepsCase?: boolean;
}

/** Sends bytes on a new connection and reads the responses until the connection ends or nothing more comes. */
export async function sendRaw(port: number, pieces: readonly string[], options: SendOptions = {}): Promise<WireExchange> {
  const { pauseMs = 15, waitMs = 3000, quietMs = 700 } = options;
  const { bytes, isClosed } = await new Promise<{ bytes: Buffer; isClosed: boolean }>((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    const finish = (isClosed: boolean): void => {
      clearTimeout(limit);
      clearTimeout(quiet);
      socket.destroy();
      resolve({ bytes: Buffer.concat(chunks), isClosed });
    };
    const limit = setTimeout(finish, waitMs + pauseMs * pieces.length, false);
    const quiet = setTimeout(finish, quietMs + pauseMs * pieces.length, false);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      quiet.refresh();
    });
    socket.on('end', () => finish(true));
    socket.on('close', () => finish(true));
    socket.on('error', () => finish(true));
    socket.on('connect', () => {
      const [first = '', ...rest] = pieces;
      socket.write(first, 'latin1');
      rest.forEach((piece, index) => {
        setTimeout(() => socket.writable && socket.write(piece, 'latin1'), pauseMs * (index + 1));
      });
    });
  });
  return { responses: parseResponses(bytes, options.isHead ?? false, options.keepsCase ?? false), isClosed };
}

/** Takes a byte stream apart into responses. */
export function parseResponses(bytes: Buffer, isHead: boolean, keepsCase = false): readonly WireResponse[] {
  const responses: WireResponse[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [line = '', ...lines] = rest.toString('latin1', 0, end).split('\r\n');
    const lowered = lines.map((each) => each.replace(/^[^:]*/, (name) => name.toLowerCase()));
    const headers = keepsCase ? lines : lowered;
    const status = Number(line.split(' ')[1]);
    const body = isHead ? noBody : readBody(rest.subarray(end + 4), lowered, status);
    responses.push({ status, headers: headers.sort(), body: body.text, trailers: body.trailers, isTruncated: body.isTruncated });
    rest = rest.subarray(end + 4 + body.length);
  }
  return responses;
}

interface ReadBody {
  readonly text: string;
  readonly length: number;
  readonly trailers: readonly string[];
  readonly isTruncated: boolean;
}

const noBody: ReadBody = { text: '', length: 0, trailers: [], isTruncated: false };

function readBody(bytes: Buffer, headers: readonly string[], status: number): ReadBody {
  const value = (name: string): string | undefined => headers.find((each) => each.startsWith(`${name}: `))?.slice(name.length + 2);
  // What follows is the other protocol's.
  if (status === 101) return { ...noBody, text: bytes.toString('latin1'), length: bytes.length };
  if (status < 200 || status === 204 || status === 304) return noBody;
  if (value('transfer-encoding') === 'chunked') return readChunks(bytes);
  const length = value('content-length');
  if (length === undefined) return { ...noBody, text: bytes.toString('latin1'), length: bytes.length };
  const text = bytes.toString('latin1', 0, Number(length));
  return { ...noBody, text, length: text.length, isTruncated: text.length < Number(length) };
}

function readChunks(bytes: Buffer): ReadBody {
  let text = '';
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const truncated = { text, length: bytes.length, trailers: [], isTruncated: true };
    if (lineEnd < 0) return truncated;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const start = lineEnd + 2;
    if (size === 0) {
      const end = bytes.indexOf('\r\n\r\n', lineEnd);
      if (end < 0) return truncated;
      const trailers = bytes.toString('latin1', start, Math.max(start, end)).split('\r\n').filter(Boolean);
      return { text, length: end + 4, trailers, isTruncated: false };
    }
    text += bytes.toString('latin1', start, start + size);
    at = start + size + 2;
    if (at > bytes.length) return truncated;
  }
}
