import { maxHeaderCount, WireHeaders } from './wire-headers.ts';

/** Largest head accepted: Envoy's default of 60 KiB. */
export const maxHeadBytes = 60 * 1024;

/** How many bytes a message's body has: none, a given length, chunks, or all until the end of the connection. */
export const framing = { none: 0, length: 1, chunked: 2, untilClose: 3 } as const;
export type Framing = (typeof framing)[keyof typeof framing];

/** Why a head was refused: the status Envoy answers and its response code details. */
export interface HeadError {
  readonly status: number;
  readonly details: string;
}

const badRequest: HeadError = { status: 400, details: 'http1.codec_error' };
const invalidTransferEncoding: HeadError = { status: 501, details: 'http1.invalid_transfer_encoding' };
const bothLengths: HeadError = { status: 400, details: 'http1.content_length_and_chunked_not_allowed' };
const tooManyHeaders: HeadError = { status: 431, details: 'http1.too_many_headers' };
const headTooLarge: HeadError = { status: 431, details: 'http1.headers_too_large' };
const badConnection: HeadError = { status: 400, details: 'http1.connection_header_rejected' };
const missingHost: HeadError = { status: 400, details: 'missing_host_header' };
/** What Envoy answers to versions that it does not speak. */
export const upgradeRequired: HeadError = { status: 426, details: 'low_version' };

/** One parsed HTTP/1.1 head. Reused by its connection: valid until the next message starts. */
export class H1Head {
  readonly headers: WireHeaders = new WireHeaders();
  method = '';
  target = '';
  status = 0;
  minorVersion = 1;
  /** The `host` header's value, null where there is none. */
  host: string | null = null;
  contentLength = -1;
  isChunked = false;
  hasTransferEncoding = false;
  wantsClose = false;
  wantsKeepAlive = false;
  /** The protocol asked for by `upgrade`, where `connection` lists it. */
  upgrade: string | null = null;
  expectsContinue = false;
  /** Set when the parser answers -1. */
  error: HeadError = badRequest;
}

/**
 * Parses a request head at `from`. Answers the offset after it, 0 while incomplete, -1 when refused (`head.error`). Strict where leniency
 * would let two parties read different requests: no obs-fold, no bare CR or LF, no space before a colon, one content length, one host.
 */
export function parseRequestHead(bytes: Buffer, from: number, end: number, head: H1Head): number {
  let p = from;
  while (p < end && isToken[bytes[p] ?? 0] === 1) p++;
  if (p >= end) return incomplete(from, end, head);
  if (p === from || bytes[p] !== space) return refuse(head, badRequest);
  const methodEnd = p++;
  const targetStart = p;
  while (p < end && isTarget[bytes[p] ?? 0] === 1) p++;
  if (p + 10 >= end) return incomplete(from, end, head);
  if (p === targetStart || bytes[p] !== space) return refuse(head, badRequest);
  const targetEnd = p;
  const minor = parseVersion(bytes, p + 1);
  if (minor === otherVersion) return refuse(head, upgradeRequired);
  if (minor < 0 || bytes[p + 9] !== carriageReturn || bytes[p + 10] !== lineFeed) return refuse(head, badRequest);
  head.minorVersion = minor;
  const after = parseFields(bytes, from, p + 11, end, head);
  if (after <= 0) return after === 0 ? incomplete(from, end, head) : -1;
  const text = head.headers.text;
  head.method = knownMethod(text, methodEnd - from);
  head.target = text.substring(targetStart - from, targetEnd - from);
  return checkRequestFraming(head) ? after : -1;
}

/** Parses a response head at `from`; answers as `parseRequestHead` does. */
export function parseResponseHead(bytes: Buffer, from: number, end: number, head: H1Head): number {
  if (end - from < 15) return 0;
  const minor = parseVersion(bytes, from);
  if (minor < 0 || bytes[from + 8] !== space) return refuse(head, badRequest);
  const status = digits3(bytes, from + 9);
  if (status < 100) return refuse(head, badRequest);
  let p = from + 12;
  while (p < end && isValue[bytes[p] ?? 0] === 1) p++;
  if (p + 1 >= end) return incomplete(from, end, head);
  if (bytes[p] !== carriageReturn || bytes[p + 1] !== lineFeed) return refuse(head, badRequest);
  head.minorVersion = minor;
  head.status = status;
  const after = parseFields(bytes, from, p + 2, end, head);
  if (after <= 0) return after === 0 ? incomplete(from, end, head) : -1;
  if (head.hasTransferEncoding && (head.contentLength >= 0 || !head.isChunked)) return refuse(head, badRequest);
  return after;
}

/** Parses header lines without a start line (a chunked body's trailers). */
export function parseTrailers(bytes: Buffer, from: number, end: number, head: H1Head): number {
  return parseFields(bytes, from, from, end, head);
}

const space = 32;
const carriageReturn = 13;
const lineFeed = 10;
const colon = 58;
const tab = 9;

const isToken = new Uint8Array(256);
const isValue = new Uint8Array(256);
const isTarget = new Uint8Array(256);
for (let i = 33; i < 127; i++) {
  if (!'"(),/:;<=>?@[\\]{}'.includes(String.fromCharCode(i))) isToken[i] = 1;
  isTarget[i] = 1;
}
for (let i = 32; i < 256; i++) if (i !== 127) isValue[i] = 1;
isValue[tab] = 1;

function refuse(head: H1Head, error: HeadError): -1 {
  head.error = error;
  return -1;
}

function incomplete(from: number, end: number, head: H1Head): 0 | -1 {
  return end - from > maxHeadBytes ? refuse(head, headTooLarge) : 0;
}

function parseVersion(bytes: Buffer, at: number): number {
  if (bytes[at] !== 72 || bytes[at + 1] !== 84 || bytes[at + 2] !== 84 || bytes[at + 3] !== 80 || bytes[at + 4] !== 47) return -1;
  const isHttp1 = bytes[at + 5] === 49;
  const minor = (bytes[at + 7] ?? 0) - 48;
  if (bytes[at + 6] !== 46 || minor < 0 || minor > 9) return -1;
  return isHttp1 && minor <= 1 ? minor : otherVersion;
}

function digits3(bytes: Buffer, at: number): number {
  let value = 0;
  for (let i = 0; i < 3; i++) {
    const digit = (bytes[at + i] ?? 0) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS', 'CONNECT', 'TRACE'];

function knownMethod(text: string, length: number): string {
  for (const method of methods) if (method.length === length && text.startsWith(method)) return method;
  return text.substring(0, length);
}

function parseFields(bytes: Buffer, base: number, from: number, end: number, head: H1Head): number {
  const headers = head.headers;
  headers.clear();
  resetMeaning(head);
  const slots = headers.slots;
  let count = 0;
  let p = from;
  headers.linesStart = from - base;
  for (;;) {
    if (p >= end) return 0;
    if (bytes[p] === carriageReturn) {
      if (p + 1 >= end) return 0;
      if (bytes[p + 1] !== lineFeed) return refuse(head, badRequest);
      if (p - base > maxHeadBytes) return refuse(head, headTooLarge);
      headers.linesEnd = p - base;
      headers.count = count;
      headers.text = bytes.latin1Slice(base, p + 2);
      return readMeaning(head) ? p + 2 : -1;
    }
    const nameStart = p;
    while (p < end && isToken[bytes[p] ?? 0] === 1) p++;
    if (p >= end) return 0;
    if (p === nameStart || bytes[p] !== colon) return refuse(head, badRequest);
    const nameEnd = p++;
    while (p < end && (bytes[p] === space || bytes[p] === tab)) p++;
    const valueStart = p;
    while (p < end && isValue[bytes[p] ?? 0] === 1) p++;
    if (p + 1 >= end) return 0;
    if (bytes[p] !== carriageReturn || bytes[p + 1] !== lineFeed) return refuse(head, badRequest);
    let valueEnd = p;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === space || bytes[valueEnd - 1] === tab)) valueEnd--;
    p += 2;
    if (count >= maxHeaderCount) return refuse(head, tooManyHeaders);
    const at = count * 4;
    slots[at] = nameStart - base;
    slots[at + 1] = nameEnd - base;
    slots[at + 2] = valueStart - base;
    slots[at + 3] = valueEnd - base;
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
        if (head.host !== null) return refuse(head, badRequest) > 0;
        head.host = headers.valueAt(i);
        headers.dropAt(i);
        break;
      case 'content-length':
        if (head.contentLength >= 0 || !readContentLength(head, headers.valueAt(i))) return refuse(head, badRequest) > 0;
        break;
      case 'transfer-encoding':
        if (head.hasTransferEncoding) return refuse(head, badRequest) > 0;
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
      case 'proxy-connection':
      case 'http2-settings':
        headers.dropAt(i);
        break;
      case 'expect':
        head.expectsContinue = headers.valueAt(i).toLowerCase() === '100-continue';
        break;
    }
  }
  return connection === null || applyConnection(head, connection, upgrade);
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
    else if (token === 'host') return refuse(head, badConnection) > 0;
    else if (token !== '' && token !== 'content-length') head.headers.remove(token);
  }
  return true;
}

function checkRequestFraming(head: H1Head): boolean {
  if (head.hasTransferEncoding) {
    if (head.contentLength >= 0) return refuse(head, bothLengths) > 0;
    if (head.minorVersion === 0) return refuse(head, badRequest) > 0;
    if (!head.isChunked) return refuse(head, invalidTransferEncoding) > 0;
  }
  if (!knownMethods.has(head.method) || !isKnownTarget(head)) return refuse(head, badRequest) > 0;
  if (head.host === null && head.minorVersion === 1 && !isAbsolute(head.target)) return refuse(head, missingHost) > 0;
  return true;
}

const otherVersion = -2;

/** The methods Envoy's parser knows; others are refused. */
const knownMethods = new Set(
  `ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE MSEARCH NOTIFY OPTIONS PATCH POST PROPFIND
PROPPATCH PURGE PUT REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE`.split(/\s+/),
);

function isKnownTarget(head: H1Head): boolean {
  const { method, target } = head;
  return target.startsWith('/') || method === 'CONNECT' || (target === '*' && method === 'OPTIONS') || isAbsolute(target);
}

function isAbsolute(target: string): boolean {
  return /^https?:\/\//i.test(target);
}
