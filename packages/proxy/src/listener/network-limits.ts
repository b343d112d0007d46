import { TokenBucket } from '@weft/core/engine/token-bucket';
import type { FilterChainPlan, NetworkFilterPlan } from '@weft/core/plan/filter-chain-plan';

/** What the limits of a chain say to a new connection: null lets it in, else it is closed after so many milliseconds. */
export type Refusal = { readonly afterMs: number } | null;

type Limit = Extract<NetworkFilterPlan, { kind: 'connectionLimit' }>;

const noLimits: readonly NetworkFilterPlan[] = [];
const limitsByChain = new WeakMap<FilterChainPlan, readonly NetworkFilterPlan[]>();

/** The connection limit and local rate limit filters of one listener's chains. */
export class NetworkLimits {
  #active: WeakMap<NetworkFilterPlan, number> = new WeakMap();
  #buckets: WeakMap<NetworkFilterPlan, TokenBucket> = new WeakMap();
  #shared: Map<string, TokenBucket> = new Map();
  #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Judges a new connection; one that is let in is counted until `release`. */
  admit(chain: FilterChainPlan): Refusal {
    const limits = limitsOf(chain);
    if (limits === noLimits) return null;
    for (const [index, filter] of limits.entries()) {
      if (filter.kind === 'localRateLimit' && !this.#bucket(filter).take(this.#now())) return this.#undo(limits.slice(0, index), 0);
      if (filter.kind !== 'connectionLimit') continue;
      const active = this.#active.get(filter) ?? 0;
      if (active >= filter.maxConnections) return this.#undo(limits.slice(0, index), filter.delayMs);
      this.#active.set(filter, active + 1);
    }
    return null;
  }

  /** A connection that was let in has ended. */
  release(chain: FilterChainPlan): void {
    for (const filter of limitsOf(chain)) if (filter.kind === 'connectionLimit') this.#uncount(filter);
  }

  #undo(passed: readonly NetworkFilterPlan[], afterMs: number): Refusal {
    for (const filter of passed) if (filter.kind === 'connectionLimit') this.#uncount(filter);
    return { afterMs };
  }

  #uncount(filter: Limit): void {
    this.#active.set(filter, Math.max(0, (this.#active.get(filter) ?? 0) - 1));
  }

  /** Filters with the same share key fill and empty one bucket. */
  #bucket(filter: Extract<NetworkFilterPlan, { kind: 'localRateLimit' }>): TokenBucket {
    const { shareKey } = filter;
    const known = shareKey === '' ? this.#buckets.get(filter) : this.#shared.get(shareKey);
    if (known !== undefined) return known;
    const made = new TokenBucket(filter.bucket, this.#now());
    if (shareKey === '') this.#buckets.set(filter, made);
    else this.#shared.set(shareKey, made);
    return made;
  }
}

function limitsOf(chain: FilterChainPlan): readonly NetworkFilterPlan[] {
  const known = limitsByChain.get(chain);
  if (known !== undefined) return known;
  const found = chain.networkFilters.filter(({ kind }) => kind === 'connectionLimit' || kind === 'localRateLimit');
  const limits = found.length === 0 ? noLimits : found;
  limitsByChain.set(chain, limits);
  return limits;
}
