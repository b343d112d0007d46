import { text } from '../fields.ts';
import { covers, type HttpMatch, isAnyPath } from './match-coverage.ts';

/** A match of an HTTP rule that has its turn before others. */
export interface EarlierMatch {
  readonly rule: number;
  /** Place within the rule; -1 for a rule without matches, which takes everything. */
  readonly match: number;
  readonly condition: HttpMatch;
}

/** Matches by what their paths begin with, so that a new one is compared only with those that can cover it. */
export interface CoveringMatches {
  add(earlier: EarlierMatch): void;
  /** The first match that takes every request which the condition would. */
  find(condition: HttpMatch): EarlierMatch | undefined;
}

/** How many matches without a path a match is compared with. Nobody writes so many, but a document may hold any number. */
const maxWithoutPath = 2_000;

export function createCoveringMatches(): CoveringMatches {
  const byPath = new Map<string, EarlierMatch[]>();
  const prefixLengths = new Set<number>();
  return {
    add(earlier) {
      const { uri } = earlier.condition;
      const key = pathKey(uri);
      const known = byPath.get(key);
      if (key.startsWith('prefix ')) prefixLengths.add(text(uri?.prefix).length);
      if (!known) byPath.set(key, [earlier]);
      else if (key !== '' || known.length < maxWithoutPath) known.push(earlier);
    },
    find(condition) {
      const { uri } = condition;
      const path = text(uri?.exact ?? uri?.prefix).toLowerCase();
      const keys = ['', pathKey(uri)];
      if (path !== '') for (const length of prefixLengths) if (length <= path.length) keys.push(`prefix ${path.slice(0, length)}`);
      const found = [...new Set(keys)].flatMap((key) => byPath.get(key)?.find((earlier) => covers(earlier.condition, condition)) ?? []);
      return found.sort((a, b) => a.rule - b.rule || a.match - b.match)[0];
    },
  };
}

/** What two conditions on the path share when one covers the other by the same words; letter case is left to the comparison. */
function pathKey(uri: HttpMatch['uri']): string {
  if (!uri || isAnyPath(uri)) return '';
  if (uri.exact !== undefined) return `exact ${text(uri.exact).toLowerCase()}`;
  if (uri.prefix !== undefined) return `prefix ${text(uri.prefix).toLowerCase()}`;
  return uri.regex === undefined ? '' : `regex ${text(uri.regex)}`;
}
