import { type H1Head, type HeadError, type HeadLimits, headErrors } from './h1-head.ts';
import { lengthBit } from './wire-headers.ts';

/** Parses header lines and their final empty line at `from`, and reads what they mean; answers as the parser of heads does. `base` is where `text` begins. */
export function parseFields(bytes: Buffer, base: number, from: number, end: number, targetBytes: number, head: H1Head): number {
  const { headers, limits } = head;
  headers.clear();
  resetMeaning(head);
  const token = limits.keepsCase ? sameToken : lowerToken;
  let size = targetBytes;
  let count = 0;
  let nameLengths = 0;
  let p = from;
  headers.linesStart = from - base;
  for (;;) {
    if (p >= end) return 0;
    if (bytes[p] === carriageReturn) {
      if (p + 1 >= end) return 0;
      if (bytes[p + 1] !== lineFeed) return refuse(head, headErrors.badRequest);
      if (size > limits.maxBytes) return refuse(head, headErrors.headTooLarge);
      headers.linesEnd = p - base;
      headers.count = count;
      headers.nameLengths = nameLengths;
      headers.text = bytes.latin1Slice(base, p + 2);
      return readMeaning(head) ? p + 2 : -1;
    }
    const nameStart = p;
    while (p < end) {
      const byte = bytes[p] ?? 0;
      const written = token[byte] ?? 0;
      if (written === 0) break;
      // In place: what is forwarded is then in lower case without being taken apart.
      if (written !== byte) bytes[p] = written;
      p++;
    }
    if (p >= end) return 0;
    if (p === nameStart || bytes[p] !== colon) return refuse(head, headErrors.badRequest);
    const nameEnd = p++;
    while (p < end && (bytes[p] === space || bytes[p] === tab)) p++;
    const valueStart = p;
    while (p < end && isValue[bytes[p] ?? 0] === 1) p++;
    if (p + 1 >= end) return 0;
    if (bytes[p] !== carriageReturn || bytes[p + 1] !== lineFeed) return refuse(head, headErrors.badRequest);
    let valueEnd = p;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === space || bytes[valueEnd - 1] === tab)) valueEnd--;
    p += 2;
    if (count >= limits.maxFields) return refuse(head, headErrors.tooManyHeaders);
    const slots = headers.slots;
    const at = count * 4;
    slots[at] = nameStart - base;
    slots[at + 1] = nameEnd - base;
    slots[at + 2] = valueStart - base;
    slots[at + 3] = valueEnd - base;
    nameLengths |= lengthBit(nameEnd - nameStart);
    size += nameEnd - nameStart + (valueEnd - valueStart);
    count++;
  }
}

function resetMeaning(head: H1Head): void {
  head.host = null;
  head.contentLength = -1;
  head.isChunked = false;
  head.hasTransferEncoding = false;
  head.wantsClose = false;
  head.wantsKeepAlive = false;
  head.keepAlive = '';
  head.upgrade = null;
  head.expectsContinue = false;
}

/** Reads the fields that steer the connection and takes the hop-by-hop ones out. */
function readMeaning(head: H1Head): boolean {
  const headers = head.headers;
  const slots = headers.slots;
  let connection: string | null = null;
  let upgrade: string | null = null;
  for (let i = 0; i < headers.count; i++) {
    const length = (slots[i * 4 + 1] ?? 0) - (slots[i * 4] ?? 0);
    if (!mayMatter(length)) continue;
    switch (headers.nameAt(i)) {
      case 'host':
        if (head.host !== null) return refuse(head, headErrors.badRequest) > 0;
        head.host = headers.valueAt(i);
        headers.dropAt(i);
        break;
      case 'content-length':
        if (head.contentLength >= 0 || !readContentLength(head, headers.valueAt(i))) return refuse(head, headErrors.badRequest) > 0;
        break;
      case 'transfer-encoding':
        if (head.hasTransferEncoding) return refuse(head, headErrors.badRequest) > 0;
        head.hasTransferEncoding = true;
        head.isChunked = headers.valueAt(i).toLowerCase() === 'chunked';
        headers.dropAt(i);
        break;
      case 'connection':
        connection = connection === null ? headers.valueAt(i) : `${connection},${headers.valueAt(i)}`;
        headers.dropAt(i);
        break;
      case 'upgrade':
        upgrade = headers.valueAt(i);
        headers.dropAt(i);
        break;
      case 'te':
        if (headers.valueAt(i).toLowerCase() !== 'trailers') headers.dropAt(i);
        break;
      case 'keep-alive':
        head.keepAlive = headers.valueAt(i);
        headers.dropAt(i);
        break;
      case 'proxy-connection':
      case 'http2-settings':
        headers.dropAt(i);
        break;
      case 'expect':
        head.expectsContinue = headers.valueAt(i).toLowerCase() === '100-continue';
        break;
    }
  }
  if (head.limits.underscores !== 'ALLOW' && !judgeUnderscores(head)) return false;
  return connection === null || applyConnection(head, connection, upgrade);
}

/** Drops or refuses names with underscores, which some applications take for hyphens. */
function judgeUnderscores(head: H1Head): boolean {
  const { headers, limits } = head;
  for (let i = 0; i < headers.count; i++) {
    if (!headers.nameAt(i).includes('_')) continue;
    if (limits.underscores === 'REJECT_REQUEST') return refuse(head, headErrors.underscore) > 0;
    headers.dropAt(i);
  }
  return true;
}

/** Lengths of the names that `readMeaning` knows: all others are passed over without making a string. */
function mayMatter(nameLength: number): boolean {
  return nameLength <= 17 && ((1 << nameLength) & meaningfulLengths) !== 0;
}

const meaningfulLengths = [2, 4, 6, 7, 10, 14, 16, 17].reduce((mask, length) => mask | (1 << length), 1 << 14);

function readContentLength(head: H1Head, value: string): boolean {
  if (value.length === 0 || value.length > 15) return false;
  let length = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return false;
    length = length * 10 + digit;
  }
  head.contentLength = length;
  return true;
}

/** False when the connection header nominates what must not be taken away. */
function applyConnection(head: H1Head, connection: string, upgrade: string | null): boolean {
  const lower = connection.toLowerCase();
  if (lower === 'keep-alive') {
    head.wantsKeepAlive = true;
    return true;
  }
  for (const part of lower.split(',')) {
    const token = part.trim();
    if (token === 'close') head.wantsClose = true;
    else if (token === 'keep-alive') head.wantsKeepAlive = true;
    else if (token === 'upgrade') head.upgrade = upgrade;
    else if (token.startsWith(':') || mustStay.has(token)) return refuse(head, headErrors.badConnection) > 0;
    else if (token === 'host') head.host = null;
    else if (token !== '') head.headers.remove(token);
  }
  return true;
}

/** Fields that tell who asks: taken away, they would make a request look like another's. */
const mustStay = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);

/** Takes a content length out that chunks outrule. */
export function dropContentLength(head: H1Head): void {
  head.headers.remove('content-length');
  head.contentLength = -1;
}

/** Refuses a head. */
export function refuse(head: H1Head, error: HeadError): -1 {
  head.error = error;
  return -1;
}

/** Whether so many bytes of a head that is not complete are too many: what names and values are of them is not known yet. */
export function isHeadTooLarge(bytes: number, limits: HeadLimits): boolean {
  return bytes > limits.maxBytes + framingBytes;
}

/** Allowance for all that is neither target, name nor value. */
const framingBytes = 1024;

const space = 32;
const carriageReturn = 13;
const lineFeed = 10;
const colon = 58;
const tab = 9;

/** Bytes of names: their lower case, and as they are; 0 where a byte may not be in one. */
export const lowerToken: Uint8Array = new Uint8Array(256);
const sameToken = new Uint8Array(256);
/** Bytes of values, and of targets. */
export const isValue: Uint8Array = new Uint8Array(256);
export const isTarget: Uint8Array = new Uint8Array(256);
for (let i = 33; i < 127; i++) {
  const char = String.fromCharCode(i);
  if (!'"(),/:;<=>?@[\\]{}'.includes(char)) {
    sameToken[i] = i;
    lowerToken[i] = char.toLowerCase().charCodeAt(0);
  }
  isTarget[i] = 1;
}
for (let i = 32; i < 256; i++) if (i !== 127) isValue[i] = 1;
isValue[tab] = 1;
