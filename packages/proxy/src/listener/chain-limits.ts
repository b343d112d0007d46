import type { FilterChainPlan, NetworkFilterPlan } from '@weft/core/plan/filter-chain-plan';
import type { TokenBucketPlan } from '@weft/core/plan/http-filter-plan';
import type { Buckets, TimedBucket } from '../io/shared-buckets.ts';
import type { SharedTable } from '../io/shared-table.ts';
import { createTally, type Tally } from '../io/tally.ts';
import type { Counter, Gauge, Registry } from '../telemetry/registry.ts';
import type { StatScope } from '../telemetry/stat-scope.ts';

/** What the limits of a chain say to a new connection: null lets it in, else it is closed after so many milliseconds. */
export type Refusal = { readonly afterMs: number } | null;

/** One limit of a chain, as its filters stand. */
interface Limit {
  /** Lets a connection in, or says why not. */
  admit(): Refusal;
  /** A connection that was let in has ended, or was turned away by another limit. */
  release(): void;
  /** Where it counts. */
  readonly scope: StatScope;
}

/** What limits of connections need around them. */
export interface LimitEnvironment {
  readonly registry: Registry;
  readonly shared: SharedTable | null;
  readonly buckets: Buckets;
  /** Buckets that filters share by a key of their configuration. */
  readonly bucketByKey: Map<string, TimedBucket>;
  /** How many filters count under each prefix of stats. */
  readonly usersByPrefix: Map<string, number>;
}

const none: readonly Limit[] = [];

/** The connection limit and local rate limit filters of one filter chain. */
export class ChainLimits {
  readonly #limits: readonly Limit[];
  readonly #environment: LimitEnvironment;
  #isClosed = false;

  /** `name` tells the chain from others, in all threads alike. */
  constructor(chain: FilterChainPlan, name: string, environment: LimitEnvironment) {
    const limits = chain.networkFilters.flatMap((filter, index) => createLimit(filter, `${name}/${index}`, environment) ?? []);
    this.#limits = limits.length === 0 ? none : limits;
    this.#environment = environment;
    for (const { scope } of limits) this.#countUsers(scope, 1);
  }

  /** The chain is gone for good: its stats go with the last that counts under their prefix. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { scope } of this.#limits) this.#countUsers(scope, -1);
  }

  /** Judges a new connection; one that is let in counts until `release`. */
  admit(): Refusal {
    for (const [index, limit] of this.#limits.entries()) {
      const refusal = limit.admit();
      if (refusal === null) continue;
      for (const passed of this.#limits.slice(0, index)) passed.release();
      return refusal;
    }
    return null;
  }

  /** A connection that was let in has ended. */
  release(): void {
    for (const limit of this.#limits) limit.release();
  }

  #countUsers(scope: StatScope, change: number): void {
    const { usersByPrefix, registry } = this.#environment;
    const users = (usersByPrefix.get(scope.prefix) ?? 0) + change;
    if (users > 0) usersByPrefix.set(scope.prefix, users);
    else {
      usersByPrefix.delete(scope.prefix);
      registry.forgetScope(scope);
    }
  }
}

function createLimit(filter: NetworkFilterPlan, name: string, environment: LimitEnvironment): Limit | null {
  if (filter.kind === 'connectionLimit') return filter.isEnabled ? new ConnectionLimit(filter, name, environment) : null;
  if (filter.kind === 'localRateLimit') return filter.isEnabled ? new RateLimit(filter, name, environment) : null;
  return null;
}

class ConnectionLimit implements Limit {
  readonly scope: StatScope;
  readonly #max: number;
  readonly #refusal: Refusal;
  readonly #tally: Tally;
  readonly #limited: Counter;
  /** What this thread has of it. */
  readonly #active: Gauge;

  constructor(
    { maxConnections, delayMs, statPrefix }: Extract<NetworkFilterPlan, { kind: 'connectionLimit' }>,
    name: string,
    { registry, shared }: LimitEnvironment,
  ) {
    this.#max = maxConnections;
    this.#refusal = { afterMs: delayMs };
    this.#tally = createTally(shared, `connections/${name}`);
    this.scope = limitScope('connection_limit', statPrefix);
    this.#limited = registry.counter(this.scope, 'limited_connections');
    this.#active = registry.gauge(this.scope, 'active_connections');
  }

  admit(): Refusal {
    if (this.#tally.total >= this.#max) {
      this.#limited.increment();
      return this.#refusal;
    }
    this.#count(1);
    return null;
  }

  release(): void {
    this.#count(-1);
  }

  #count(change: number): void {
    this.#active.set(this.#active.value + change);
    this.#tally.add(change);
  }
}

const atOnce: Refusal = { afterMs: 0 };

class RateLimit implements Limit {
  readonly scope: StatScope;
  readonly #bucket: TimedBucket;
  readonly #limited: Counter;

  constructor(
    { bucket, shareKey, statPrefix }: Extract<NetworkFilterPlan, { kind: 'localRateLimit' }>,
    name: string,
    environment: LimitEnvironment,
  ) {
    this.#bucket = shareKey === '' ? environment.buckets.named(bucket, `network/${name}`) : sharedBucket(bucket, shareKey, environment);
    this.scope = limitScope('local_rate_limit', statPrefix);
    this.#limited = environment.registry.counter(this.scope, 'rate_limited');
  }

  admit(): Refusal {
    if (this.#bucket.bucket.take(this.#bucket.now())) return null;
    this.#limited.increment();
    return atOnce;
  }

  release(): void {}
}

/** Filters with the same share key and the same bucket fill and empty one. */
function sharedBucket(plan: TokenBucketPlan, shareKey: string, { buckets, bucketByKey }: LimitEnvironment): TimedBucket {
  const key = `shared/${JSON.stringify(plan)}/${shareKey}`;
  const known = bucketByKey.get(key);
  if (known !== undefined) return known;
  const made = buckets.named(plan, key);
  bucketByKey.set(key, made);
  return made;
}

function limitScope(filter: string, statPrefix: string): StatScope {
  return { prefix: `${filter}.${statPrefix}.`, extractedPrefix: `${filter}.${statPrefix}.`, labels: [] };
}
