import type { HeaderChange, PendingNeed, Resume } from '@weft/core/engine/decision';
import type { LocalRateLimitPlan } from '@weft/core/plan/http-filter-plan';
import type { Fraction } from '@weft/core/plan/matcher';
import type { Plan } from '@weft/core/plan/plan';
import type { Buckets, TimedBucket } from '../io/shared-buckets.ts';
import type { Counter, Registry } from '../telemetry/registry.ts';
import type { StatScope } from '../telemetry/stat-scope.ts';
import type { ExchangeView } from './exchange-view.ts';
import { LimitBuckets } from './limit-buckets.ts';
import { nameLimits } from './limit-names.ts';
import { quotaHeaders } from './rate-limit-headers.ts';

type Result = Resume['result'];
type Need = Extract<PendingNeed, { kind: 'localRateLimit' }>;

interface LimitStats {
  readonly enabled: Counter;
  readonly ok: Counter;
  readonly limited: Counter;
  readonly enforced: Counter;
}

const million = 1_000_000;

/** Local rate limits: buckets by the configuration, and for some by the connection, that they belong to. */
export class LocalRateLimits {
  readonly #registry: Registry;
  readonly #buckets: Buckets;
  readonly #plan: () => Plan;
  #names: WeakMap<LocalRateLimitPlan, string> = new WeakMap();
  readonly #byScope: WeakMap<object, WeakMap<LocalRateLimitPlan, LimitBuckets>> = new WeakMap();
  readonly #stats: WeakMap<LocalRateLimitPlan, LimitStats> = new WeakMap();

  /** `plan` answers the plan in force, by which threads name the buckets that they share. */
  constructor(registry: Registry, buckets: Buckets, plan: () => Plan) {
    this.#registry = registry;
    this.#buckets = buckets;
    this.#plan = plan;
  }

  /** The answer to a pending local rate limit filter. */
  judge({ limit, descriptors }: Need, { context, connection }: ExchangeView): Result {
    const draws = (share: Fraction | null): boolean => share !== null && context.random() * million < share.perMillion;
    if (!draws(limit.enabled)) return passed([], []);
    const stats = this.#statsOf(limit);
    stats.enabled.increment();
    // What a limit allows is the whole fleet's: this proxy has as much less as there are others.
    const tokens = limit.isOfLocalCluster ? Math.max(1, context.clusters.fleetSize) : 1;
    const { isAllowed, bucket } = this.#bucketsOf(limit, limit.perConnection ? connection : this).take(descriptors, tokens);
    const quotas = limit.xRateLimitHeaders && bucket !== null ? quotaHeaders([quotaOf(bucket)]) : [];
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

  #bucketsOf(limit: LocalRateLimitPlan, scope: object): LimitBuckets {
    let byLimit = this.#byScope.get(scope);
    if (byLimit === undefined) {
      byLimit = new WeakMap();
      this.#byScope.set(scope, byLimit);
    }
    let buckets = byLimit.get(limit);
    if (buckets === undefined) {
      buckets = new LimitBuckets(limit, this.#buckets, scope === this && this.#buckets.areShared ? this.#nameOf(limit) : null);
      byLimit.set(limit, buckets);
    }
    return buckets;
  }

  /** A limit that is met for the first time is named with all others of the plan. */
  #nameOf(limit: LocalRateLimitPlan): string | null {
    if (!this.#names.has(limit)) this.#names = nameLimits(this.#plan());
    return this.#names.get(limit) ?? null;
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

function quotaOf({ bucket, now }: TimedBucket) {
  const at = now();
  return {
    limit: bucket.plan.maxTokens,
    windowSeconds: 0,
    name: '',
    remaining: bucket.remaining(at),
    resetSeconds: Math.ceil(Math.round(bucket.untilNextMs(at)) / 1000),
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
