import type { FilterChainPlan } from './filter-chain-plan.ts';
import type { IpAddress, IpRange } from './ip-address.ts';
import { isInRange } from './ip-address.ts';

/** Networks of one criterion, most specific first; the `null` range is "any". */
export interface RangeLevel<T> {
  readonly entries: readonly { readonly range: IpRange | null; readonly next: T }[];
}

/** Chains by source type; null where no chain asks for it. */
export interface SourceTypeLevel {
  readonly any: SourceLevel | null;
  readonly local: SourceLevel | null;
  readonly external: SourceLevel | null;
}

/** Source networks, then source ports (0 = any). More than one chain at a leaf is a conflict; the first wins. */
export type SourceLevel = RangeLevel<ReadonlyMap<number, readonly FilterChainPlan[]>>;
export type AlpnLevel = ReadonlyMap<string, RangeLevel<SourceTypeLevel>>;
export type TransportLevel = ReadonlyMap<string, AlpnLevel>;
export type ServerNameLevel = ReadonlyMap<string, TransportLevel>;

/** Filter chains by destination port (0 = any) and so on down, in Envoy's order of criteria. Read by `decideConnection`. */
export interface FilterChainIndex {
  readonly byPort: ReadonlyMap<number, RangeLevel<ServerNameLevel>>;
  /** Pairs of chains with the same conditions, which Envoy refuses. */
  readonly conflicts: readonly string[];
}

/** Arranges filter chains for matching. */
export function buildFilterChainIndex(chains: readonly FilterChainPlan[]): FilterChainIndex {
  const root = new Level();
  for (const chain of chains) root.insert(pathsOf(chain), chain);
  return { byPort: root.ports(), conflicts: conflictsOf(chains) };
}

/** The most specific network that holds the address. */
export function findRange<T>(level: RangeLevel<T>, ip: IpAddress): T | null {
  for (const { range, next } of level.entries) if (range === null || isInRange(ip, range)) return next;
  return null;
}

type Key = number | string | IpRange | null;

/** Every combination of a chain's criteria, in matching order. */
function pathsOf(chain: FilterChainPlan): Key[][] {
  const match = chain.match;
  const orAny = <T>(list: readonly T[], any: Key): readonly (T | Key)[] => (list.length > 0 ? list : [any]);
  const criteria: (readonly Key[])[] = [
    [match.destinationPort ?? 0],
    orAny(match.destinationRanges, null),
    orAny(match.serverNames, '').map((name) => (typeof name === 'string' && name.startsWith('*.') ? name.slice(1) : name)) as Key[],
    [match.transportProtocol],
    orAny(match.applicationProtocols, '') as Key[],
    orAny(match.directSourceRanges, null),
    [match.sourceType],
    orAny(match.sourceRanges, null),
    orAny(match.sourcePorts, 0) as Key[],
  ];
  return criteria.reduce<Key[][]>((paths, keys) => paths.flatMap((path) => keys.map((key) => [...path, key])), [[]]);
}

/** One level of the nested index while it is being built. */
class Level {
  readonly #children = new Map<string, { readonly key: Key; readonly level: Level }>();
  readonly #chains: FilterChainPlan[] = [];

  insert(paths: readonly Key[][], chain: FilterChainPlan): void {
    for (const path of paths) this.#insertPath(path, chain);
  }

  #insertPath([key, ...rest]: Key[], chain: FilterChainPlan): void {
    if (key === undefined) {
      this.#chains.push(chain);
      return;
    }
    const id = typeof key === 'object' && key !== null ? `${key.family}:${key.text}` : String(key);
    const child = this.#children.get(id) ?? { key, level: new Level() };
    this.#children.set(id, child);
    child.level.#insertPath(rest, chain);
  }

  ports(): FilterChainIndex['byPort'] {
    return new Map(this.#each((key, level) => [Number(key), level.#ranges((next) => next.#serverNames())] as const));
  }

  #serverNames(): ServerNameLevel {
    return new Map(this.#each((key, level) => [String(key), level.#transports()] as const));
  }

  #transports(): TransportLevel {
    return new Map(this.#each((key, level) => [String(key), level.#alpn()] as const));
  }

  #alpn(): AlpnLevel {
    return new Map(this.#each((key, level) => [String(key), level.#ranges((next) => next.#sourceTypes())] as const));
  }

  #sourceTypes(): SourceTypeLevel {
    const of = (type: string): SourceLevel | null => {
      const child = this.#children.get(type);
      return child ? child.level.#ranges((next) => next.#sourcePorts()) : null;
    };
    return { any: of('ANY'), local: of('SAME_IP_OR_LOOPBACK'), external: of('EXTERNAL') };
  }

  #sourcePorts(): ReadonlyMap<number, readonly FilterChainPlan[]> {
    return new Map(this.#each((key, level) => [Number(key), level.#chains] as const));
  }

  #ranges<T>(build: (level: Level) => T): RangeLevel<T> {
    const entries = this.#each((key, level) => ({ range: key as IpRange | null, next: build(level) }));
    return { entries: entries.sort((a, b) => (b.range?.prefixLength ?? -1) - (a.range?.prefixLength ?? -1)) };
  }

  #each<T>(map: (key: Key, level: Level) => T): T[] {
    return [...this.#children.values()].map(({ key, level }) => map(key, level));
  }
}

function conflictsOf(chains: readonly FilterChainPlan[]): string[] {
  const seen = new Map<string, FilterChainPlan>();
  const conflicts: string[] = [];
  for (const chain of chains) {
    for (const path of pathsOf(chain)) {
      const id = path.map((key) => (typeof key === 'object' && key !== null ? key.text : String(key))).join('|');
      const other = seen.get(id);
      if (other && other !== chain) {
        conflicts.push(`filter chains '${other.name}' and '${chain.name}' have the same matching rules`);
        break;
      }
      seen.set(id, chain);
    }
  }
  return conflicts;
}
