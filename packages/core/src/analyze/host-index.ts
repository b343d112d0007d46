import { backwards, firstNotBefore } from './sorted-texts.ts';

/** Things with a host or host pattern, found by the names that they stand for without looking at each. Letter case does not matter. */
export interface HostIndex<T> {
  /** Things whose pattern covers every name of a host or pattern, the most specific pattern first. A host does not cover itself unless it is a pattern. */
  covering(host: string): readonly T[];
  /** Things whose host or pattern lies within a pattern. */
  within(pattern: string): readonly T[];
  /** Things that have a name in common with a host or pattern: the same host, those that cover it and those within it. */
  overlapping(host: string): readonly T[];
}

interface Entry<T> {
  readonly item: T;
  /** The host without the star of a pattern, backwards, so that what ends alike stands together. */
  readonly reversed: string;
}

/** Indexes things by their hosts; each part is made when it is first needed. */
export function createHostIndex<T>(items: readonly T[], hostOf: (item: T) => string): HostIndex<T> {
  let tables: Tables<T> | null = null;
  let entries: readonly Entry<T>[] | null = null;
  const covering = (host: string): readonly T[] => {
    tables ??= createTables(items, hostOf);
    const { lengths, bySuffix } = tables;
    const name = withoutStar(host.toLowerCase());
    return lengths.flatMap((length) => (length > name.length ? [] : (bySuffix.get(name.slice(name.length - length)) ?? [])));
  };
  const within = (pattern: string): readonly T[] => {
    entries ??= sortedBackwards(items, hostOf);
    const beginning = backwards(withoutStar(pattern.toLowerCase()));
    const found: T[] = [];
    for (let at = firstNotBefore(entries, beginning, ({ reversed }) => reversed); ; at++) {
      const entry = entries[at];
      if (!entry?.reversed.startsWith(beginning)) return found;
      found.push(entry.item);
    }
  };
  return {
    covering,
    within,
    overlapping(host) {
      if (host.startsWith('*')) return [...new Set([...covering(host), ...within(host)])];
      const covers = covering(host);
      return [...(tables?.byHost.get(host.toLowerCase()) ?? []), ...covers];
    },
  };
}

interface Tables<T> {
  readonly byHost: ReadonlyMap<string, readonly T[]>;
  /** Patterns by what follows the star. */
  readonly bySuffix: ReadonlyMap<string, readonly T[]>;
  /** Lengths of those, longest first. */
  readonly lengths: readonly number[];
}

function createTables<T>(items: readonly T[], hostOf: (item: T) => string): Tables<T> {
  const byHost = new Map<string, T[]>();
  const bySuffix = new Map<string, T[]>();
  for (const item of items) {
    const host = hostOf(item).toLowerCase();
    const known = host.startsWith('*') ? bySuffix : byHost;
    const key = withoutStar(host);
    if (!known.get(key)?.push(item)) known.set(key, [item]);
  }
  const lengths = [...new Set([...bySuffix.keys()].map((suffix) => suffix.length))].sort((a, b) => b - a);
  return { byHost, bySuffix, lengths };
}

function sortedBackwards<T>(items: readonly T[], hostOf: (item: T) => string): readonly Entry<T>[] {
  return items
    .map((item) => ({ item, reversed: backwards(withoutStar(hostOf(item).toLowerCase())) }))
    .sort((a, b) => (a.reversed < b.reversed ? -1 : a.reversed > b.reversed ? 1 : 0));
}

function withoutStar(host: string): string {
  return host.startsWith('*') ? host.slice(1) : host;
}
