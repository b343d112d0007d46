import type { HeaderMatcherJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { StringMatcherJson } from '@weft/envoy-api/envoy/type/matcher/v3/string_pb';

/** A value of an AuthorizationPolicy as a matcher: `*` any non-empty text, `*x` a suffix, `x*` a prefix, else exact. */
export function stringMatcher(value: string, options: { readonly ignoreCase?: boolean; readonly prefix?: string } = {}): StringMatcherJson {
  const { ignoreCase = false, prefix = '' } = options;
  const flags = ignoreCase ? { ignoreCase: true } : {};
  if (value === '*') return { safeRegex: { regex: '.+' } };
  if (value.startsWith('*')) {
    const rest = value.slice(1);
    return prefix === '' ? { suffix: rest, ...flags } : { safeRegex: { regex: `${escapeRegex(prefix)}.*${escapeRegex(rest)}` } };
  }
  if (value.endsWith('*')) return { prefix: prefix + value.slice(0, -1), ...flags };
  return { exact: prefix + value, ...flags };
}

/** The same for a header; `*` means the header is there. */
export function headerMatcher(name: string, value: string, ignoreCase = false): HeaderMatcherJson {
  if (value === '*') return { name, presentMatch: true };
  return { name, stringMatch: stringMatcher(value, { ignoreCase }) };
}

/** The same for an element of a header that is a list parted by commas. */
export function headerListMatcher(name: string, value: string): HeaderMatcherJson {
  if (value === '*') return { name, presentMatch: true };
  const start = value.startsWith('*') ? '[^,]*' : '';
  const end = start === '' && value.endsWith('*') ? '[^,]*' : '';
  const text = value.slice(start === '' ? 0 : 1, end === '' ? undefined : -1);
  return { name, stringMatch: { safeRegex: { regex: `(.*,)?[ \\t]*${start}${escapeRegex(text)}${end}[ \\t]*(,.*)?` } } };
}

/** Text as an RE2 expression that matches just this text. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}
