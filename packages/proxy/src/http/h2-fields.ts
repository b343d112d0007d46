import type { CommonHttpOptionsPlan } from '@weft/core/plan/cluster-plan';
import { FieldHeaders } from './headers.ts';
import type { RequestHead } from './stream.ts';

/** What a listener accepts of requests. */
export interface RequestFieldRules {
  readonly underscores: CommonHttpOptionsPlan['headersWithUnderscores'];
  /** Extended CONNECT (RFC 8441) was announced. */
  readonly allowsConnect: boolean;
}

/** Stands for a request that the rules refuse though it is well-formed. */
export const tooMuch = 'tooMuch';

/** A request read from a header block. */
export interface RequestFields {
  readonly head: RequestHead;
  readonly contentLength: number;
}

/**
 * Checks and reads a request's header block (RFC 9113 section 8); null when it is malformed. Everything that could mean something else
 * once written as HTTP/1.1 is refused here: control characters, connection headers, upper case, bad lengths, pseudo headers out of place.
 */
export function readRequestFields(fields: string[], rules: RequestFieldRules): RequestFields | typeof tooMuch | null {
  let method = '';
  let path: string | null = null;
  let scheme: string | null = null;
  let authority: string | null = null;
  let protocol: string | null = null;
  let at = 0;
  for (; at < fields.length; at += 2) {
    const name = fields[at] ?? '';
    const value = fields[at + 1] ?? '';
    if (name.charCodeAt(0) !== colon) break;
    if (!isValidValue(value)) return null;
    if (name === ':method' && method === '' && isToken(value)) method = value;
    else if (name === ':path' && path === null && value !== '' && isVisible(value)) path = value;
    else if (name === ':scheme' && scheme === null) scheme = value;
    else if (name === ':authority' && authority === null && isVisible(value)) authority = value;
    else if (name === ':protocol' && protocol === null) protocol = value;
    else return null;
  }
  const regular = readRegular(fields, at, rules.underscores);
  if (regular === null || regular === tooMuch) return regular;
  if (method === '' || (protocol !== null && !rules.allowsConnect)) return null;
  const isPlainConnect = method === 'CONNECT' && protocol === null;
  if (isPlainConnect ? path !== null || scheme !== null || authority === null : path === null || scheme === null) return null;
  if (path !== null && !path.startsWith('/') && !(method === 'OPTIONS' && path === '*')) return null;
  const host = authority ?? regular.host ?? '';
  if (host === '' || host.includes('@')) return null;
  const head: RequestHead = {
    method: protocol === null ? method : 'GET',
    path: path ?? '',
    authority: host,
    scheme: scheme ?? 'http',
    upgrade: protocol,
    headers: regular.headers,
  };
  return { head, contentLength: regular.contentLength };
}

/** Checks trailers: no pseudo headers; null when malformed. */
export function readTrailerFields(fields: string[]): FieldHeaders | null {
  const regular = readRegular(fields, 0, 'ALLOW');
  return regular === null || regular === tooMuch ? null : regular.headers;
}

/** Checks and reads a response's header block; null when malformed. */
export function readResponseFields(fields: string[]): { status: number; headers: FieldHeaders; contentLength: number } | null {
  if (fields[0] !== ':status' || !/^[1-5]\d\d$/.test(fields[1] ?? '')) return null;
  const regular = readRegular(fields, 2, 'ALLOW');
  return regular === null || regular === tooMuch
    ? null
    : { status: Number(fields[1]), headers: regular.headers, contentLength: regular.contentLength };
}

const colon = 58;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const invalidValue = /[\x00-\x08\x0a-\x1f\x7f]/;
const validName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const visible = /^[\x21-\x7e\x80-\xff]*$/;

function isValidValue(value: string): boolean {
  return !invalidValue.test(value);
}

function isPadded(value: string): boolean {
  const first = value.charCodeAt(0);
  const last = value.charCodeAt(value.length - 1);
  return first === 32 || first === 9 || last === 32 || last === 9;
}

function isToken(value: string): boolean {
  return token.test(value);
}

function isVisible(value: string): boolean {
  return visible.test(value);
}

const knownNames = new Set<string>();

function isValidName(name: string): boolean {
  if (knownNames.has(name)) return true;
  if (!validName.test(name)) return false;
  if (knownNames.size < 4096 && name.length < 64) knownNames.add(name);
  return true;
}

interface RegularFields {
  readonly headers: FieldHeaders;
  readonly host: string | null;
  readonly contentLength: number;
}

function readRegular(fields: string[], from: number, underscores: RequestFieldRules['underscores']): RegularFields | typeof tooMuch | null {
  const kept: string[] = [];
  let host: string | null = null;
  let contentLength = -1;
  let cookies: string | null = null;
  for (let i = from; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const given = fields[i + 1] ?? '';
    if (!isValidName(name) || !isValidValue(given)) return null;
    const value = isPadded(given) ? given.replace(/^[ \t]+|[ \t]+$/g, '') : given;
    if (underscores !== 'ALLOW' && name.includes('_')) {
      if (underscores === 'REJECT_REQUEST') return tooMuch;
      continue;
    }
    switch (name) {
      case 'connection':
      case 'proxy-connection':
      case 'keep-alive':
      case 'transfer-encoding':
      case 'upgrade':
        return null;
      case 'te':
        if (value !== 'trailers') return null;
        kept.push(name, value);
        break;
      case 'host':
        if (host !== null) return null;
        host = value;
        break;
      case 'content-length':
        if (contentLength >= 0 || !/^\d{1,15}$/.test(value)) return null;
        contentLength = Number(value);
        kept.push(name, value);
        break;
      case 'cookie':
        // Crumbs are joined again before anybody else sees them (RFC 9113 section 8.2.3).
        cookies = cookies === null ? value : `${cookies}; ${value}`;
        break;
      default:
        kept.push(name, value);
    }
  }
  if (cookies !== null) kept.push('cookie', cookies);
  return { headers: new FieldHeaders(kept), host, contentLength };
}
