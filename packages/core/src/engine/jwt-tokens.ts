import type { RequestFacts } from '../plan/facts.ts';
import type { JwtProviderPlan } from '../plan/http-filter-plan.ts';
import { decodedQueryParameter, percentDecoded } from './match-route.ts';

/** A token found in a request, and where. */
export interface FoundToken {
  readonly token: string;
  readonly place: { readonly kind: 'header' | 'param' | 'cookie'; readonly name: string };
}

/** The tokens at a provider's locations: headers, then parameters, then cookies. */
export function findTokens(provider: JwtProviderPlan, facts: RequestFacts): readonly FoundToken[] {
  return [
    ...provider.fromHeaders.flatMap(({ name, prefix }) => headerToken(facts.header(name), name, prefix)),
    ...provider.fromParams.flatMap((name): FoundToken[] => {
      const token = decodedQueryParameter(facts.path, name);
      return token ? [{ token, place: { kind: 'param', name } }] : [];
    }),
    ...provider.fromCookies.flatMap((name): FoundToken[] => {
      const token = cookieValue(facts.header('cookie'), name);
      return token ? [{ token, place: { kind: 'cookie', name } }] : [];
    }),
  ];
}

/** The value of a cookie; undefined when it is not sent. */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const part of header?.split(';') ?? []) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim() === name)
      return part
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

/** A path with these query parameters taken out, the others as they stand. */
export function withoutParameters(path: string, names: ReadonlySet<string>): string {
  const at = path.indexOf('?');
  if (at < 0) return path;
  const kept = path
    .slice(at + 1)
    .split('&')
    .filter((pair) => !names.has(percentDecoded(pair.split('=', 1)[0] ?? '')));
  return kept.length === 0 ? path.slice(0, at) : `${path.slice(0, at)}?${kept.join('&')}`;
}

/** A cookie header with these cookies taken out; `''` when none is left. */
export function withoutCookies(header: string, names: ReadonlySet<string>): string {
  const cookies = header.split(';').map((cookie) => cookie.trim());
  return cookies.filter((cookie) => cookie !== '' && !names.has(cookie.split('=', 1)[0]?.trim() ?? '')).join('; ');
}

/** A header may hold several values; each that has the prefix holds a token up to the first character that no token has. */
function headerToken(value: string | undefined, name: string, prefix: string): FoundToken[] {
  if (value === undefined) return [];
  const at = value.indexOf(prefix);
  if (at < 0) return [];
  const token = /^[A-Za-z0-9\-_.=+/]*/.exec(value.slice(at + prefix.length).trimStart())?.[0] ?? '';
  return token === '' ? [] : [{ token, place: { kind: 'header', name } }];
}
