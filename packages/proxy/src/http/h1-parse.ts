import { dropContentLength, isHeadTooLarge, isTarget, isValue, lowerToken, parseFields, refuse } from './h1-fields.ts';
import { type H1Head, headErrors } from './h1-head.ts';

/**
 * Parses a request head at `from`. Answers the offset after it, 0 while incomplete, -1 when refused (`head.error`). Strict where leniency
 * would let two parties read different requests: no obs-fold, no bare CR or LF, no space before a colon, one content length, one host.
 */
export function parseRequestHead(bytes: Buffer, from: number, end: number, head: H1Head): number {
  let p = from;
  while (p < end && lowerToken[bytes[p] ?? 0] !== 0) p++;
  if (p >= end) return incomplete(from, end, head);
  if (p === from || bytes[p] !== space) return refuse(head, headErrors.badRequest);
  const methodEnd = p++;
  const targetStart = p;
  while (p < end && isTarget[bytes[p] ?? 0] === 1) p++;
  if (p >= end) return incomplete(from, end, head);
  if (p > targetStart && (bytes[p] === carriageReturn || bytes[p] === lineFeed)) return refuse(head, headErrors.upgradeRequired);
  if (p === targetStart || bytes[p] !== space) return refuse(head, headErrors.badRequest);
  if (p + 10 >= end) return incomplete(from, end, head);
  const targetEnd = p;
  const minor = parseVersion(bytes, p + 1);
  if (minor === otherVersion) {
    const isKnown = knownMethods.has(bytes.latin1Slice(from, methodEnd));
    return refuse(head, isKnown ? headErrors.upgradeRequired : headErrors.badRequest);
  }
  if (minor < 0 || bytes[p + 9] !== carriageReturn || bytes[p + 10] !== lineFeed) return refuse(head, headErrors.badRequest);
  head.minorVersion = minor;
  const after = parseFields(bytes, from, p + 11, end, targetEnd - targetStart, head);
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
  if (minor < 0 || bytes[from + 8] !== space) return refuse(head, headErrors.badRequest);
  const status = digits3(bytes, from + 9);
  if (status < 100) return refuse(head, headErrors.badRequest);
  let p = from + 12;
  while (p < end && isValue[bytes[p] ?? 0] === 1) p++;
  if (p + 1 >= end) return incomplete(from, end, head);
  if (bytes[p] !== carriageReturn || bytes[p + 1] !== lineFeed) return refuse(head, headErrors.badRequest);
  head.minorVersion = minor;
  head.status = status;
  const after = parseFields(bytes, from, p + 2, end, 0, head);
  if (after <= 0) return after === 0 ? incomplete(from, end, head) : -1;
  if (head.hasTransferEncoding) {
    if (!head.isChunked || (head.contentLength >= 0 && !head.limits.allowsChunkedLength)) return refuse(head, headErrors.badRequest);
    if (head.contentLength >= 0) dropContentLength(head);
  }
  return after;
}

/** Parses header lines without a start line (a chunked body's trailers). */
export function parseTrailers(bytes: Buffer, from: number, end: number, head: H1Head): number {
  return parseFields(bytes, from, from, end, 0, head);
}

const space = 32;
const carriageReturn = 13;
const lineFeed = 10;

function incomplete(from: number, end: number, head: H1Head): 0 | -1 {
  return isHeadTooLarge(end - from, head.limits) ? refuse(head, headErrors.headTooLarge) : 0;
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

function checkRequestFraming(head: H1Head): boolean {
  if (head.hasTransferEncoding) {
    if (head.contentLength >= 0 && !head.limits.allowsChunkedLength) return refuse(head, headErrors.bothLengths) > 0;
    if (head.minorVersion === 0) return refuse(head, headErrors.badRequest) > 0;
    if (!head.isChunked || head.method === 'CONNECT') return refuse(head, headErrors.invalidTransferEncoding) > 0;
    if (head.contentLength >= 0) dropContentLength(head);
  }
  if (!knownMethods.has(head.method) || !isKnownTarget(head)) return refuse(head, headErrors.badRequest) > 0;
  if (head.host !== null && !isAuthority(head.host)) return refuse(head, headErrors.badAuthority) > 0;
  return true;
}

const otherVersion = -2;

const authorityBytes = new Uint8Array(256);
for (const byte of Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@[]%"))
  authorityBytes[byte] = 1;

/** The methods Envoy's parser knows; others are refused. */
const knownMethods = new Set(
  `ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE MSEARCH NOTIFY OPTIONS PATCH POST PROPFIND
PROPPATCH PURGE PUT REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE`.split(/\s+/),
);

function isKnownTarget(head: H1Head): boolean {
  const { method, target } = head;
  // A tunnel has no body to give the length of.
  if (method === 'CONNECT') return isHostAndPort(target) && head.contentLength <= 0;
  return target.startsWith('/') || (target === '*' && method === 'OPTIONS') || isAbsolute(target);
}

function isHostAndPort(target: string): boolean {
  return /^[^/?#]+:\d+$/.test(target) && isAuthority(target);
}

/** Whether a text has only characters that may stand in an authority (RFC 3986 section 3.2). */
function isAuthority(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (authorityBytes[text.charCodeAt(i)] !== 1) return false;
  return true;
}

function isAbsolute(target: string): boolean {
  return /^https?:\/\/[^/?#@]*(?:@[^/?#@]*)?(?:[/?#]|$)/i.test(target);
}
