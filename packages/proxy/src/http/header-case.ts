import type { Http1OptionsPlan } from '@weft/core/plan/cluster-plan';
import type { Headers } from './headers.ts';

/** How a hop writes header names (Envoy's `header_key_format`); `preserve` takes effect where names are read. */
export type HeaderCase = Http1OptionsPlan['headerCase'];

/** The fields as HTTP/1.1 header lines. */
export function headerLines(headers: Headers, headerCase: HeaderCase): string {
  if (headerCase !== 'proper' || headers.keepsCase) return headers.toLines();
  let text = '';
  headers.each((name, value) => {
    text += `${properCase(name)}: ${value}\r\n`;
  });
  return text;
}

/** A name that the codec itself writes, as the hop wants it: as the message spelled it, in proper case, or as it is. */
function wireName(headers: Headers, name: string, headerCase: HeaderCase): string {
  if (headers.keepsCase) return headers.spelling(name);
  return headerCase === 'proper' ? properCase(name) : name;
}

/** One header line of a message. */
export function headerLine(headers: Headers, name: string, value: string, headerCase: HeaderCase): string {
  return `${wireName(headers, name, headerCase)}: ${value}\r\n`;
}

const properNames = new Map<string, string>();

/** `x-request-id` as `X-Request-Id`. */
function properCase(name: string): string {
  const known = properNames.get(name);
  if (known !== undefined) return known;
  const proper = name.replace(/(^|[^a-z0-9])([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase());
  if (properNames.size < 4096 && name.length <= 64) properNames.set(name, proper);
  return proper;
}
