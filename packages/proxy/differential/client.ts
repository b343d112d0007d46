import { connect } from 'node:net';

/** A response as a client saw it on the wire. */
export interface WireResponse {
  readonly status: number;
  /** `name: value`, lower-case names, sorted. */
  readonly headers: readonly string[];
  readonly body: string;
  /** True when the connection ended before the response was complete. */
  readonly isTruncated: boolean;
}

/** Sends bytes on a new connection and reads the responses until the connection ends or nothing more comes. */
export async function sendRaw(port: number, pieces: readonly string[], waitMs: number, isHead = false): Promise<readonly WireResponse[]> {
  const bytes = await new Promise<Buffer>((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(chunks));
    };
    const timer = setTimeout(finish, waitMs);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', finish);
    socket.on('close', finish);
    socket.on('error', finish);
    socket.on('connect', () => {
      const [first = '', ...rest] = pieces;
      socket.write(first, 'latin1');
      rest.forEach((piece, index) => {
        setTimeout(() => socket.writable && socket.write(piece, 'latin1'), 15 * (index + 1));
      });
    });
  });
  return parseResponses(bytes, isHead);
}

/** Takes a byte stream apart into responses. */
export function parseResponses(bytes: Buffer, isHead: boolean): readonly WireResponse[] {
  const responses: WireResponse[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [line = '', ...lines] = rest.toString('latin1', 0, end).split('\r\n');
    const headers = lines.map((each) => each.replace(/^[^:]*/, (name) => name.toLowerCase()));
    const status = Number(line.split(' ')[1]);
    const body = isHead ? { text: '', length: 0, isTruncated: false } : readBody(rest.subarray(end + 4), headers, status);
    responses.push({ status, headers: headers.sort(), body: body.text, isTruncated: body.isTruncated });
    rest = rest.subarray(end + 4 + body.length);
  }
  return responses;
}

function readBody(bytes: Buffer, headers: readonly string[], status: number): { text: string; length: number; isTruncated: boolean } {
  const value = (name: string): string | undefined => headers.find((each) => each.startsWith(`${name}: `))?.slice(name.length + 2);
  if (status < 200 || status === 204 || status === 304) return { text: '', length: 0, isTruncated: false };
  if (value('transfer-encoding') === 'chunked') return readChunks(bytes);
  const length = value('content-length');
  if (length === undefined) return { text: bytes.toString('latin1'), length: bytes.length, isTruncated: false };
  const text = bytes.toString('latin1', 0, Number(length));
  return { text, length: text.length, isTruncated: text.length < Number(length) };
}

function readChunks(bytes: Buffer): { text: string; length: number; isTruncated: boolean } {
  let text = '';
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return { text, length: bytes.length, isTruncated: true };
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const start = lineEnd + 2;
    if (size === 0) return { text, length: bytes.indexOf('\r\n', start) + 2, isTruncated: false };
    text += bytes.toString('latin1', start, start + size);
    at = start + size + 2;
    if (at > bytes.length) return { text, length: bytes.length, isTruncated: true };
  }
}
