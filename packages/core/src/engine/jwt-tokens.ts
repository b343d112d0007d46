import { judgedValues } from '../plan/build-matcher.ts';
import type { RequestFacts } from '../plan/facts.ts';
import type { JwtProviderPlan } from '../plan/http-filter-plan.ts';
import { decodedQueryParameter, percentDecoded } from './match-route.ts';

/** A token found in a request, and where. */
export interface FoundToken {
  readonly token: string;
  readonly place: { readonly kind: 'header' | 'param' | 'cookie'; readonly name: string };
}

/**
 * The tokens at a provider's locations: headers, then parameters, then cookies. An empty one is a token too, and a bad one: who sends something
 * at a token's place must not pass as if nothing was there.
 */
export function findTokens(provider: JwtProviderPlan, facts: RequestFacts): readonly FoundToken[] {
  return [
    ...provider.fromHeaders.flatMap(({ name, prefix }) =>
      judgedValues(name, facts).flatMap((value): FoundToken[] => {
        const token = headerToken(value, prefix);
        return token === null ? [] : [{ token, place: { kind: 'header', name } }];
      }),
    ),
    ...provider.fromParams.flatMap((name): FoundToken[] => {
      const token = decodedQueryParameter(facts.path, name);
      return token === undefined ? [] : [{ token, place: { kind: 'param', name } }];
    }),
    ...provider.fromCookies.flatMap((name): FoundToken[] => {
      const token = cookieValue(facts.headerValues('cookie').join(';'), name);
      return token === undefined ? [] : [{ token, place: { kind: 'cookie', name } }];
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

/**
 * The token in a header's value: all of it after the prefix, wherever that stands, from the first character that a token can have. Null without
 * the prefix. What follows the token is not cut off, so that nothing can hide behind a good one (Envoy `ExtractorImpl`).
 */
function headerToken(value: string, prefix: string): string | null {
  if (prefix === '') return value;
  const at = value.indexOf(prefix);
  if (at < 0) return null;
  const rest = value.slice(at + prefix.length);
  const start = rest.search(/[A-Za-z0-9\-_.]/);
  return start < 0 ? value : rest.slice(start);
}
