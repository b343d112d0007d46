/** Milliseconds of a protojson duration such as `"0.250s"`; the fallback when it is unset. */
export function durationMs<T>(text: string | undefined, fallback: T): number | T {
  if (text === undefined) return fallback;
  const seconds = Number.parseFloat(text);
  return Number.isNaN(seconds) ? fallback : Math.round(seconds * 1_000_000) / 1000;
}

/** A number that protojson may carry as a string (64-bit integers); the fallback when it is unset. */
export function numberOf<T>(value: number | string | undefined, fallback: T): number | T {
  if (value === undefined) return fallback;
  const number = Number(value);
  return Number.isNaN(number) ? fallback : number;
}

const perMillionOf: Readonly<Record<string, number>> = { HUNDRED: 10_000, TEN_THOUSAND: 100, MILLION: 1 };

/** Parts per million of Envoy's `FractionalPercent`. */
export function perMillion(percent: { readonly numerator?: number; readonly denominator?: string | number } | undefined): number {
  if (!percent) return 0;
  return Math.min(1_000_000, (percent.numerator ?? 0) * (perMillionOf[percent.denominator ?? 'HUNDRED'] ?? 10_000));
}

/** The last part of a type URL: the message's full name. */
export function messageName(typeUrl: string | undefined): string {
  if (typeUrl === undefined) return '';
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}

/** `filterMetadata` of a protojson `Metadata`, empty when unset. */
export function filterMetadata(
  metadata: { readonly filterMetadata?: unknown } | undefined,
): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return (metadata?.filterMetadata ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Bytes of a base64 text (standard or URL alphabet). */
export function bytesOfBase64(text: string): Uint8Array {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const digits = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let bits = 0;
  let count = 0;
  let at = 0;
  for (const digit of digits) {
    bits = ((bits << 6) | alphabet.indexOf(digit)) & 0xffffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[at++] = (bits >> count) & 0xff;
    }
  }
  return bytes;
}

/** UTF-8 bytes of a text. */
export function bytesOfText(text: string): Uint8Array {
  const escaped = encodeURIComponent(text);
  const bytes: number[] = [];
  for (let i = 0; i < escaped.length; i++) {
    if (escaped[i] === '%') {
      bytes.push(Number.parseInt(escaped.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(escaped.charCodeAt(i));
  }
  return Uint8Array.from(bytes);
}

/** Text of UTF-8 bytes; bytes that are not UTF-8 are read as Latin-1. */
export function textOfBytes(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  try {
    return decodeURIComponent(text.replace(/[^A-Za-z0-9]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`));
  } catch {
    return text;
  }
}
