import { objects, text } from '../fields.ts';
import type { HttpMatch, StringCondition } from './match-coverage.ts';

interface PrefixMatch {
  readonly rule: number;
  readonly match: number;
  readonly prefix: string;
  readonly port: number;
  readonly method: string;
  readonly authority: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly queryParams: ReadonlyMap<string, string>;
  readonly withoutHeaders: ReadonlyMap<string, string>;
}

export interface PrefixOverlap {
  readonly rule: number;
  readonly match: number;
  readonly byRule: number;
  readonly byMatch: number;
  readonly why: string;
}

/**
 * Matches by path prefix that an earlier match by a shorter prefix takes, as Istio's analyzer finds them. It takes a match without a method for GET, and
 * looks at nothing but path, port, method, authority, headers and query; `match-coverage` is the stricter rule.
 */
export function overlappingPrefixes(
  rules: readonly (readonly [number, { readonly match?: readonly (HttpMatch | null)[] | null }])[],
): readonly PrefixOverlap[] {
  const byPrefix = new Map<string, (readonly [place: number, match: PrefixMatch])[]>();
  const lengths = new Set<number>();
  const found: (readonly [earlier: number, later: number, overlap: PrefixOverlap])[] = [];
  for (const [place, later] of candidatesOf(rules).entries()) {
    for (const length of lengths) {
      if (length >= later.prefix.length) continue;
      for (const [earlierPlace, earlier] of byPrefix.get(later.prefix.slice(0, length)) ?? []) {
        if (takes(earlier, later)) found.push([earlierPlace, place, describeOverlap(earlier, later)]);
      }
    }
    lengths.add(later.prefix.length);
    const same = byPrefix.get(later.prefix);
    if (same) same.push([place, later]);
    else byPrefix.set(later.prefix, [[place, later]]);
  }
  return found.sort((x, y) => x[0] - y[0] || x[1] - y[1]).map(([, , overlap]) => overlap);
}

function describeOverlap(earlier: PrefixMatch, later: PrefixMatch): PrefixOverlap {
  return {
    rule: later.rule,
    match: later.match,
    byRule: earlier.rule,
    byMatch: earlier.match,
    why: `has the shorter prefix ${earlier.prefix}`,
  };
}

/** Istio stops at a rule without a match, and leaves out matches that are written twice. */
function candidatesOf(
  rules: readonly (readonly [number, { readonly match?: readonly (HttpMatch | null)[] | null }])[],
): readonly PrefixMatch[] {
  const found: PrefixMatch[] = [];
  const seen = new Set<string>();
  for (const [rule, { match: matches }] of rules) {
    if (!Array.isArray(matches) || matches.length === 0) return found;
    for (const [index, match] of objects<HttpMatch | null>(matches)) {
      const { name: _name, ...conditions } = match;
      const key = JSON.stringify(conditions);
      const prefix = text(match.uri?.prefix);
      if (seen.has(key)) continue;
      seen.add(key);
      if (prefix !== '') found.push(describe(rule, index, prefix, match));
    }
  }
  return found;
}

function describe(rule: number, index: number, prefix: string, match: HttpMatch): PrefixMatch {
  return {
    rule,
    match: index,
    prefix,
    port: match.port ?? 0,
    method: comparable(match.method) || 'exact GET',
    authority: comparable(match.authority),
    headers: comparableMap(match.headers),
    queryParams: comparableMap(match.queryParams),
    withoutHeaders: comparableMap(match.withoutHeaders),
  };
}

/** Whether a match with a shorter prefix takes what a later one would, as far as the rest is concerned. */
function takes(earlier: PrefixMatch, later: PrefixMatch): boolean {
  return (
    later.port === earlier.port &&
    earlier.method.startsWith(later.method) &&
    earlier.authority.startsWith(later.authority) &&
    mapTakes(earlier.headers, later.headers) &&
    mapTakes(earlier.queryParams, later.queryParams) &&
    mapTakes(earlier.withoutHeaders, later.withoutHeaders)
  );
}

function mapTakes(earlier: ReadonlyMap<string, string>, later: ReadonlyMap<string, string>): boolean {
  if (earlier.size !== later.size) return false;
  for (const [key, value] of earlier) {
    const other = later.get(key);
    if (other === undefined || !value.startsWith(other)) return false;
  }
  return true;
}

function comparable(condition: StringCondition | null | undefined): string {
  if (condition?.exact) return `exact ${condition.exact}`;
  return condition?.prefix ? `prefix ${condition.prefix}` : '';
}

function comparableMap(conditions: Readonly<Record<string, StringCondition | null>> | null | undefined): ReadonlyMap<string, string> {
  return new Map(Object.entries(conditions ?? {}).map(([key, condition]) => [key, comparable(condition)] as const));
}
