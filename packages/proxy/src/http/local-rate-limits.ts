import type { Descriptor, HeaderChange, PendingNeed, Resume } from '@weft/core/engine/decision';
import { TokenBucket } from '@weft/core/engine/token-bucket';
import type { LocalRateLimitPlan, TokenBucketPlan } from '@weft/core/plan/http-filter-plan';
import type { Fraction } from '@weft/core/plan/matcher';
import type { Counter, Registry, StatScope } from '../telemetry/registry.ts';
import type { ExchangeView } from './exchange-view.ts';
import { quotaHeaders } from './rate-limit-headers.ts';

type Result = Resume['result'];
type Need = Extract<PendingNeed, { kind: 'localRateLimit' }>;

interface LimitStats {
  readonly enabled: Counter;
  readonly ok: Counter;
  readonly limited: Counter;
  readonly enforced: Counter;
}

/** Buckets of one limit: its own, and those of its descriptors by their entries (wildcards filled in). */
interface Buckets {
  readonly main: TokenBucket | null;
  readonly byDescriptor: Map<string, TokenBucket>;
}

const million = 1_000_000;
/** Values of wildcard descriptors that have a bucket at the same time. */
const maxDescriptorBuckets = 1000;

/** Local rate limits: buckets by the configuration, and for some by the connection, that they belong to. */
export class LocalRateLimits {
  readonly #registry: Registry;
  readonly #byScope: WeakMap<object, WeakMap<LocalRateLimitPlan, Buckets>> = new WeakMap();
  readonly #stats: WeakMap<LocalRateLimitPlan, LimitStats> = new WeakMap();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The answer to a pending local rate limit filter. */
  judge({ limit, descriptors }: Need, { context, connection }: ExchangeView): Result {
    const now = context.now();
    const draws = (share: Fraction | null): boolean => share !== null && context.random() * million < share.perMillion;
    if (!draws(limit.enabled)) return passed([], []);
    const stats = this.#statsOf(limit);
    stats.enabled.increment();
    const { isAllowed, bucket } = this.#take(limit, limit.perConnection ? connection : this, descriptors, now);
    const quotas = limit.xRateLimitHeaders && bucket !== null ? quotaHeaders([quotaOf(bucket, now)]) : [];
    if (isAllowed) {
      stats.ok.increment();
      return passed([], quotas);
    }
    stats.limited.increment();
    if (!draws(limit.enforced)) return passed(fixedHeaders(limit.requestHeaders), quotas);
    stats.enforced.increment();
    return {
      kind: 'deny',
      status: limit.status,
      body: 'local_rate_limited',
      headers: [...fixedHeaders(limit.responseHeaders), ...quotas],
      flag: 'RL',
      details: 'local_rate_limited',
      grpcStatus: limit.rateLimitedAsResourceExhausted ? resourceExhausted : null,
    };
  }

  /** Takes a token of every matching descriptor, slowest first, and of the limit's own bucket; names the bucket with the least left. */
  #take(
    limit: LocalRateLimitPlan,
    scope: object,
    descriptors: readonly Descriptor[],
    now: number,
  ): { readonly isAllowed: boolean; readonly bucket: TokenBucket | null } {
    const buckets = this.#bucketsOf(limit, scope, now);
    const matched = limit.descriptors.length === 0 ? [] : matchingBuckets(limit, buckets, descriptors, now);
    let least: TokenBucket | null = null;
    for (const bucket of matched) {
      if (!bucket.take(now)) return { isAllowed: false, bucket };
      if (least === null || bucket.remaining(now) < least.remaining(now)) least = bucket;
    }
    const { main } = buckets;
    if (main !== null && (matched.length === 0 || limit.alwaysConsumeDefaultBucket)) {
      if (!main.take(now)) return { isAllowed: false, bucket: main };
      if (least === null || main.remaining(now) < least.remaining(now)) least = main;
    }
    return { isAllowed: true, bucket: least };
  }

  #bucketsOf(limit: LocalRateLimitPlan, scope: object, now: number): Buckets {
    let byLimit = this.#byScope.get(scope);
    if (byLimit === undefined) {
      byLimit = new WeakMap();
      this.#byScope.set(scope, byLimit);
    }
    let buckets = byLimit.get(limit);
    if (buckets === undefined) {
      buckets = { main: limit.bucket === null ? null : new TokenBucket(limit.bucket, now), byDescriptor: new Map() };
      byLimit.set(limit, buckets);
    }
    return buckets;
  }

  #statsOf(limit: LocalRateLimitPlan): LimitStats {
    const known = this.#stats.get(limit);
    if (known !== undefined) return known;
    const { statPrefix } = limit;
    const scope: StatScope = {
      prefix: `${statPrefix}.http_local_rate_limit.`,
      extractedPrefix: 'http_local_rate_limit.',
      labels: [['envoy.local_http_ratelimit_prefix', statPrefix]],
    };
    const counter = (name: string): Counter => this.#registry.counter(scope, name);
    const made = { enabled: counter('enabled'), ok: counter('ok'), limited: counter('rate_limited'), enforced: counter('enforced') };
    this.#stats.set(limit, made);
    return made;
  }
}

const resourceExhausted = 8;

function matchingBuckets(
  limit: LocalRateLimitPlan,
  buckets: Buckets,
  descriptors: readonly Descriptor[],
  now: number,
): readonly TokenBucket[] {
  const found: TokenBucket[] = [];
  for (const descriptor of descriptors) {
    const configured = limit.descriptors.find(({ entries }) => isMatch(entries, descriptor));
    if (configured !== undefined) found.push(bucketFor(buckets, configured.bucket, descriptor, now));
  }
  return found.sort((a, b) => a.rate - b.rate);
}

function bucketFor({ byDescriptor }: Buckets, plan: TokenBucketPlan, descriptor: Descriptor, now: number): TokenBucket {
  const key = JSON.stringify(descriptor);
  const known = byDescriptor.get(key);
  if (known !== undefined) {
    // Last in line again: the least recently used one goes first.
    byDescriptor.delete(key);
    byDescriptor.set(key, known);
    return known;
  }
  const made = new TokenBucket(plan, now);
  byDescriptor.set(key, made);
  if (byDescriptor.size > maxDescriptorBuckets) byDescriptor.delete(byDescriptor.keys().next().value ?? '');
  return made;
}

/** A configured entry without a value stands for any. */
function isMatch(entries: Descriptor, descriptor: Descriptor): boolean {
  return (
    entries.length === descriptor.length &&
    entries.every(([key, value], index) => descriptor[index]?.[0] === key && (value === '' || descriptor[index]?.[1] === value))
  );
}

function quotaOf(bucket: TokenBucket, now: number) {
  return {
    limit: bucket.plan.maxTokens,
    windowSeconds: 0,
    name: '',
    remaining: bucket.remaining(now),
    resetSeconds: Math.ceil(Math.round(bucket.untilNextMs(now)) / 1000),
  };
}

function fixedHeaders(mutation: LocalRateLimitPlan['responseHeaders']): (readonly [name: string, value: string])[] {
  return (mutation?.add ?? []).map(({ name, value }) => [name, value.literal ?? value.text] as const);
}

function passed(request: readonly (readonly [string, string])[], response: readonly (readonly [string, string])[]): Result {
  const appended = ([name, value]: readonly [string, string]): HeaderChange => ({ op: 'append', name, value });
  if (request.length === 0 && response.length === 0) return plainPass;
  return { ...plainPass, headerChanges: request.map(appended), responseHeaders: response.map(appended) };
}

const plainPass: Extract<Result, { kind: 'pass' }> = {
  kind: 'pass',
  headerChanges: [],
  responseHeaders: [],
  metadata: {},
  clearRoute: false,
  requestPrincipal: '',
};
