import type { Secret } from '../../resource/kubernetes-types.ts';
import { object, text } from '../fields.ts';

interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** What keeps a gateway from serving with the certificate in a Secret, or null. `now` null leaves the validity period out of account. */
export function certificateProblem(secret: Secret, now: number | null): string | null {
  const data = object(secret.raw.data);
  const clear = object(secret.raw.stringData);
  const read = (key: string): string => text(clear[key]) || decodeBase64(text(data[key])) || '';
  const pair = [
    ['cert', 'key'],
    ['tls.crt', 'tls.key'],
  ].find(([certificate = '', key = '']) => read(certificate) !== '' && read(key) !== '');
  if (!pair) return 'it has neither tls.crt and tls.key nor cert and key';
  const pem = /-----BEGIN ([^-]+)-----([\sA-Za-z0-9+/=]+)-----END \1-----/.exec(read(pair[0] ?? ''));
  if (!pem) return `${pair[0]} is no PEM certificate`;
  const der = decodeBytes((pem[2] ?? '').replace(/\s/g, ''));
  const validity = der && validityOf(der);
  if (!validity) return `${pair[0]} is no X.509 certificate`;
  if (now !== null && now > validity.notAfter) return `its certificate expired at ${new Date(validity.notAfter).toISOString()}`;
  if (now !== null && now < validity.notBefore) return `its certificate is valid only from ${new Date(validity.notBefore).toISOString()}`;
  return null;
}

/** Certificate → tbsCertificate → [version] serial signature issuer validity; RFC 5280 section 4.1. */
function validityOf(der: Uint8Array): { readonly notBefore: number; readonly notAfter: number } | null {
  const certificate = element(der, 0);
  const body = certificate && element(der, certificate.start);
  if (!certificate || !body || certificate.tag !== 0x30 || body.tag !== 0x30 || certificate.end > der.length) return null;
  let field = element(der, body.start);
  if (field?.tag === 0xa0) field = element(der, field.end);
  for (let skipped = 0; skipped < 3 && field; skipped++) field = element(der, field.end);
  if (field?.tag !== 0x30) return null;
  const from = element(der, field.start);
  const to = from && element(der, from.end);
  const notBefore = from ? time(der, from) : null;
  const notAfter = to ? time(der, to) : null;
  return notBefore === null || notAfter === null ? null : { notBefore, notAfter };
}

function element(der: Uint8Array, at: number): DerElement | null {
  const tag = der[at];
  const first = der[at + 1];
  if (tag === undefined || first === undefined) return null;
  const count = first & 0x80 ? first & 0x7f : 0;
  if (count > 4) return null;
  let length = first & 0x80 ? 0 : first;
  for (let i = 0; i < count; i++) length = length * 256 + (der[at + 2 + i] ?? 0);
  const start = at + 2 + count;
  return start + length > der.length ? null : { tag, start, end: start + length };
}

/** UTCTime (two-digit years from 1950) or GeneralizedTime. */
function time(der: Uint8Array, at: DerElement): number | null {
  const text = String.fromCharCode(...der.subarray(at.start, at.end));
  const match = /^(\d{2})?(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (!match) return null;
  const [, century, year = '', month = '', day = '', hour = '', minute = '', second = ''] = match;
  const full = Number(century ? `${century}${year}` : Number(year) < 50 ? `20${year}` : `19${year}`);
  return Date.UTC(full, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
}

function decodeBase64(text: string): string | null {
  const bytes = decodeBytes(text.replace(/\s/g, ''));
  return bytes === null ? null : String.fromCharCode(...bytes);
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function decodeBytes(text: string): Uint8Array | null {
  const digits = text.replace(/=+$/, '');
  const bytes = new Uint8Array(Math.floor((digits.length * 6) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const digit of digits) {
    const value = alphabet.indexOf(digit);
    if (value < 0) return null;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 0xff;
    }
  }
  return bytes;
}
